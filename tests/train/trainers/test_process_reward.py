"""A process reward model is trained where it is read, learns soft labels, and serves the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from step_world import BAD, GOOD, corpus, solutions
from train_world import train

from lab.core.types import Request, Sampling
from lab.engine.classifier.chat import ConversationRenderer
from lab.engine.classifier.config import ClassifierConfig
from lab.errors import InputError
from lab.formats.training import read_metrics
from lab.models import flops_model, resolve
from lab.train import Lora, ProcessReward


def step_scores(model: Path, answers: list[str], question: str = "is 7 good?") -> list[list[float]]:
    """The step scores that the scorer gets from the engine."""
    engine = ClassifierConfig(dtype="float32").open(resolve(str(model)), expected_tokens=0)
    found: list[list[float]] = []
    for answer in answers:
        turns = ({"role": "user", "content": question}, {"role": "assistant", "content": answer})
        request = Request(turns, Sampling(temperature=0.0, max_tokens=1), "reward")
        engine.submit(0, request, engine.render(request))
        [(_, completion)] = engine.poll()
        found.append(list(completion.scores))
    engine.close()
    return found


def tokenizer(*, template: bool) -> Any:
    from transformers import AutoTokenizer

    found = AutoTokenizer.from_pretrained(resolve("tiny").path)
    if not template:
        found.chat_template = None
    return found


@pytest.mark.parametrize("template", [True, False])
@pytest.mark.parametrize("text", ["a\nb\nc", "a\n\nb\n", "\n\na\nb", "one"])
def test_a_step_is_trained_at_the_token_it_will_be_read_at(text: str, template: bool) -> None:
    from data_gen.methods.labels.step_labels import cut
    from lab.train.process.process_reward import IGNORED, _laid_out

    words, steps = tokenizer(template=template), cut(text, "\n")
    labels = [(i + 1) / 8 for i in range(len(steps))]
    prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "why?"}]
    row = {"prompt": prompt, "completions": list(steps), "labels": labels}
    [laid] = _laid_out([row], tokenizer=words, step="\n", max_length=1000)
    answer = {"role": "assistant", "content": text}
    used = ConversationRenderer(words, step="\n").layout(Request((*prompt, answer), Sampling()))  # type: ignore[arg-type]
    assert tuple(laid["input_ids"]) == used.ids
    assert {i: s for i, s in enumerate(laid["labels"]) if s != IGNORED} == dict(
        zip(used.ends, labels, strict=True)
    )
    assert {words.decode([laid["input_ids"][i]]) for i in used.ends} == {"\n"}


def test_the_loss_is_the_cross_entropy_with_soft_labels_at_labelled_tokens_only() -> None:
    import torch

    from lab.train.process.process_reward import IGNORED, step_loss

    class Outputs:
        logits = torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(0))

    labels = torch.tensor([[IGNORED, 0.25, 1.0], [IGNORED, IGNORED, 0.0]])
    logs = Outputs.logits.log_softmax(-1)
    total = -(0.25 * logs[0, 1, 1] + 0.75 * logs[0, 1, 0] + logs[0, 2, 1] + logs[1, 2, 0])
    assert float(step_loss(Outputs, labels)) == pytest.approx(float(total) / 3)
    assert float(step_loss(Outputs, labels, torch.tensor(6))) == pytest.approx(float(total) / 6)


def test_it_learns_the_shares_and_serves_the_engine(tmp_path: Path) -> None:
    lora = Lora(r=8, dropout=0.05)
    method = ProcessReward(epochs=4, learning_rate=1e-2, batch_size=8, lora=lora, dev_fraction=0.1)
    result = train(method, corpus(tmp_path / "c", solutions(60)), tmp_path / "out")
    rows = read_metrics(tmp_path / "out" / "metrics.jsonl")
    assert [row for row in rows if "eval_loss" in row], "the held-out loss is reported"
    mixed, single = step_scores(result.model, [f"{GOOD}\n{BAD}\n{GOOD}", BAD])
    assert [len(mixed), len(single)] == [3, 1]
    assert [*mixed, *single] == pytest.approx([0.75, 0.25, 0.75, 0.25], abs=0.15)
    steps = sum(len(row["labels"]) for row in solutions(60))
    assert 0.8 * 4 * steps < result.trained_tokens < 4 * steps
    config = json.loads((result.model / "config.json").read_text())
    assert (config["architectures"], config["dtype"]) == (["LlamaForTokenClassification"], "float32")


def test_flops_are_three_forward_passes_without_a_head(tmp_path: Path) -> None:
    method, data = ProcessReward(epochs=1, batch_size=32), corpus(tmp_path / "c", solutions(32))
    result = train(method, data, tmp_path / "out")
    words, model = tokenizer(template=True), flops_model(resolve("tiny"))
    lengths = []
    for row in solutions(32):
        turn = {"role": "assistant", "content": "".join(row["completions"])}
        request = Request((*row["prompt"], turn), Sampling())
        lengths.append(len(ConversationRenderer(words, step="\n").layout(request).ids))
    assert (result.steps, result.tokens) == (1, sum(lengths))
    assert result.flops == pytest.approx(3 * sum(model.classify(n) for n in lengths))


def test_steps_beyond_the_longest_length_are_left_out_and_solutions_without_any(tmp_path: Path) -> None:
    from lab.train.process.process_reward import IGNORED, _laid_out

    rows, words = solutions(3), tokenizer(template=True)
    whole = _laid_out(rows, tokenizer=words, step="\n", max_length=1000)
    ends = [[i for i, s in enumerate(row["labels"]) if s != IGNORED] for row in whole]
    cut = _laid_out(rows, tokenizer=words, step="\n", max_length=ends[2][1] + 1)
    kept = [[i for i, s in enumerate(row["labels"]) if s != IGNORED] for row in cut]
    assert kept[-1] == ends[2][:2]
    assert len(_laid_out(rows, tokenizer=words, step="\n", max_length=ends[1][0])) < 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": [0.5, 1.5]}, "one label in \\[0, 1\\] per step"),
        ({"labels": [0.5]}, "for 2 steps"),
        ({"completions": ["a\nc\n", "b"]}, "set the separator that the corpus was made with"),
    ],
)
def test_rows_that_cannot_be_trained_on(change: dict[str, Any], said: str) -> None:
    from lab.train.process.process_reward import _laid_out

    fine = {"prompt": [{"role": "user", "content": "why?"}], "completions": ["a\n", "b"], "labels": [0.5, 1]}
    words = tokenizer(template=True)
    assert len(_laid_out([fine], tokenizer=words, step="\n", max_length=99)) == 1
    with pytest.raises(InputError, match=said):
        _laid_out([{**fine, **change}], tokenizer=words, step="\n", max_length=99)
