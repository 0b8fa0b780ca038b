"""DPO, KTO and a reward model learn from pairs on a toy model, and what they make can be used."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from train_world import train

from lab.core.types import Request, Sampling
from lab.engine.classifier.config import ClassifierConfig
from lab.errors import InputError
from lab.models import flops_model, resolve
from lab.train import DPO, KTO, Reward


def pairs(folder: Path, count: int = 48, columns: tuple[str, ...] = ("chosen", "rejected")) -> Path:
    """Questions whose good answer says yes and whose bad one says no, of changing lengths."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance, rows = random.Random(1), []
    for i in range(count):
        more = "very " * chance.randrange(3)
        rows.append(
            {
                "problem_id": f"p{i}",
                "prompt": [{"role": "user", "content": f"is {i} {more}good?"}],
                columns[0]: [{"role": "assistant", "content": f"yes {more}yes."}],
                columns[1]: [{"role": "assistant", "content": f"no {more}no."}],
            }
        )
    (folder / "data").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "data" / "train-00000.parquet")
    return folder


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "method",
    [DPO(epochs=2, learning_rate=2e-3, batch_size=8), KTO(epochs=2, learning_rate=2e-3, batch_size=8)],
    ids=lambda m: m.kind,
)
def test_the_good_answer_becomes_likelier_and_the_reference_is_charged(tmp_path, method):
    result = train(method, pairs(tmp_path / "corpus", 24), tmp_path / "out")
    rows = metrics(tmp_path / "out")
    margins = [row["rewards/margins"] for row in rows if "rewards/margins" in row]
    assert margins[-1] > margins[0] + 0.1
    assert result.examples == (24 if method.kind == "dpo" else 48)
    assert result.model.joinpath("model.safetensors").is_file()
    assert 0 < result.trained_tokens < result.tokens
    policy = flops_model(resolve("tiny")).train([result.tokens // 96] * 96)
    assert policy * 1.2 < result.flops < policy * (1.5 if method.kind == "dpo" else 2.2)


def test_a_reward_model_tells_good_from_bad_and_serves_as_a_scorer(tmp_path):
    result = train(
        Reward(epochs=4, learning_rate=2e-3, batch_size=8), pairs(tmp_path / "corpus", 24), tmp_path / "out"
    )
    accuracies = [row["accuracy"] for row in metrics(tmp_path / "out") if "accuracy" in row]
    assert sum(accuracies[-5:]) / 5 > 0.9
    engine = ClassifierConfig(backend="transformers", dtype="float32").open(
        resolve(str(result.model)), expected_tokens=0
    )
    asked = []
    for text in ("yes yes.", "no no."):
        turns = ({"role": "user", "content": "is 7 good?"}, {"role": "assistant", "content": text})
        asked.append(Request(turns, Sampling(temperature=0.0, max_tokens=1), "reward"))
    scores: dict[int, float] = {}
    for i, request in enumerate(asked):
        engine.submit(i, request, engine.render(request))
    while len(scores) < 2:
        scores |= {i: c.scores[0] for i, c in engine.poll()}
    engine.close()
    assert scores[0] > scores[1] + 0.2


def test_a_corpus_of_another_shape_is_refused(tmp_path):
    corpus = pairs(tmp_path / "corpus", columns=("completion", "other"))
    for method in (DPO(), KTO(), Reward()):
        with pytest.raises(InputError, match="this trainer needs"):
            train(method, corpus, tmp_path / method.kind)


def test_settings_that_trl_would_overrule_are_refused():
    assert [m for _, m in DPO(args={"precompute_ref_log_probs": True}).faults()]
    assert [m for _, m in KTO(args={"train_sampling_strategy": "random"}).faults()]
    assert [m for _, m in DPO(args={"beta": 1}).faults()]


def test_a_base_model_is_taught_at_the_token_its_verdict_is_read_at():
    from transformers import AutoTokenizer

    from lab.engine.classifier.chat import ConversationRenderer
    from lab.train.trainers.reward import _tokens

    words = AutoTokenizer.from_pretrained(resolve("tiny").path)
    prompt, better = [{"role": "user", "content": "is 7 good?"}], {"role": "assistant", "content": "yes "}
    row = {"prompt": prompt, "chosen": [better], "rejected": [{**better, "content": "no"}]}
    for template in (words.chat_template, None):
        words.chat_template = template
        [found] = _tokens([row], words)
        used = ConversationRenderer(words, pad=words.pad_token_id).layout(Request((*prompt, better)))
        assert tuple(found["chosen_ids"]) == used.ids
    assert words.decode(found["rejected_ids"]) == "Question:\nis 7 good?\n\nAnswer:\nno"


def test_adapters_keep_the_dropout_that_was_asked_for():
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM
    from trl.trainer.utils import disable_dropout_in_model

    from lab.train.process.build import keep_dropout

    base = AutoModelForCausalLM.from_pretrained(resolve("tiny").path)
    model = get_peft_model(base, LoraConfig(lora_dropout=0.2, target_modules="all-linear"))
    disable_dropout_in_model(model)
    keep_dropout(model, 0.2)
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.2}
