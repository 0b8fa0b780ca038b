"""A student learns a teacher's probabilities, from its own samples or a corpus, and every pass is charged."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from train_world import FLOPS, sums, write_corpus

from lab.core.protocols import Weights
from lab.errors import InputError
from lab.formats.training import read_metrics
from lab.models import flops_model, resolve
from lab.train import Distillation, Lora, TrainInputs, TrainResult
from lab.train.base import _flops

NOWHERE = Weights("none", Path("nowhere"), "0")


@cache
def other(folder: Path) -> Weights:
    """A teacher of half the student's depth, with other weights and the same vocabulary."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    source = resolve("tiny").path
    config = AutoConfig.from_pretrained(source)
    config.num_hidden_layers = 2
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.lm_head.weight.data *= 3  # a teacher with an opinion
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return Weights("other", folder, "other")


def train(method: Distillation, out: Path, teacher: Weights, rows: int = 16, **more: Any) -> TrainResult:
    student, corpus = resolve("tiny"), out.parent / "corpus"
    if not corpus.exists():
        write_corpus(corpus, sums(rows))
    inputs = TrainInputs(student, corpus, teacher=teacher)
    return method.train(inputs, out=out, seed=3, flops=flops_model(student), **more)


def test_samples_and_corpus_in_turn_are_counted_and_charged(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    teacher, out = other(tmp_path / "teacher"), tmp_path / "run" / "tuned-0123abcd"
    method = Distillation(
        epochs=3,
        batch_size=4,
        learning_rate=1e-3,
        on_policy=0.5,
        beta=0.0,
        max_completion_length=6,
        dev_fraction=0.2,
        eval_steps=4,
        lora=Lora(r=8),
    )
    result = train(method, out, teacher)
    rows = read_metrics(out / "metrics.jsonl")
    steps, looks = [r for r in rows if "loss" in r], [r for r in rows if "eval_loss" in r]
    assert {row["on_policy"] for row in steps} == {0.0, 1.0}
    assert all((row.get("drawn", 0) > 0) == bool(row["on_policy"]) for row in steps)
    assert all(r["trained_tokens"] == r["drawn_tokens"] for r in steps if r["on_policy"]), "what was drawn"
    assert len(looks) >= 2
    assert all(row["teacher_tokens"] == row["forwarded_tokens"] for row in looks)
    _check_charges(rows, result, teacher)
    ledger = pq.read_table(out / "ledger.parquet").to_pylist()
    assert {(r["model"], r["tag"]) for r in ledger} == {
        ("tiny", "distillation"),
        ("tiny", "rollout"),
        ("teacher", "teacher"),
    }
    assert sum(r["flops_logical"] for r in ledger) == pytest.approx(result.flops)
    taught = sum(r["flops_logical"] for r in ledger if r["tag"] == "teacher")
    assert taught == pytest.approx(sum(row["teacher_flops"] for row in rows))


def _check_charges(rows: list[dict[str, Any]], result: TrainResult, teacher: Weights) -> None:
    """Teacher at its size: per token it costs less than the student's forward pass, by their layers."""
    student, small = flops_model(resolve("tiny")), _flops(teacher.path)
    read = sum(row["teacher_tokens"] for row in rows)
    assert read == result.tokens + sum(row["forwarded_tokens"] for row in rows)
    length = 60
    per_token = sum(row["teacher_flops"] for row in rows) / read
    assert per_token == pytest.approx(small.prefill(length, 0, logits=length) / length, rel=0.1)
    assert per_token < 0.7 * student.prefill(length, 0, logits=length) / length


def test_rows_are_rendered_as_the_engines_do_and_end(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from lab.train.process.distillation import tokens_of

    words = AutoTokenizer.from_pretrained(resolve("tiny").path)
    [row] = tokens_of(sums(1), words, 1000)
    end = words.eos_token
    assert (
        words.decode(row["prompt"]) == "<|im_start|>user\nwhat is 0 + 0?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert words.decode(row["completion"]) == f"It is 0.{end}"
    [cut] = tokens_of(sums(1), words, len(row["prompt"]) + 3)
    assert words.decode(cut["completion"]) == "It "
    assert len(tokens_of(sums(1), words, len(row["prompt"]))) == 0
    words.chat_template = None
    [plain] = tokens_of(sums(1), words, 1000)
    assert words.decode(plain["prompt"]).endswith("Question:\nwhat is 0 + 0?\n\nAnswer:\n")
    assert words.decode(plain["completion"]) == f"It is 0.{end}"


def test_the_loss_is_the_divergence_from_the_teacher(tmp_path: Path) -> None:
    """On the first step, before any update, against the definition on whole logits; then it falls."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from lab.train.process.distillation import tokens_of

    teacher = other(tmp_path / "teacher")
    words = AutoTokenizer.from_pretrained(resolve("tiny").path)
    rows = tokens_of(sums(4), words, 1000)
    logs = []
    for path in (resolve("tiny").path, teacher.path):
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
        with torch.no_grad():
            found = [
                model(torch.tensor([r["prompt"] + r["completion"]])).logits[0, len(r["prompt"]) - 1 : -1]
                for r in rows
            ]
        logs.append(torch.cat(found).log_softmax(-1))
    student, told = logs
    kl = {0.0: (told.exp() * (told - student)).sum(-1), 1.0: (student.exp() * (student - told)).sum(-1)}
    for beta, expected in kl.items():
        method = Distillation(epochs=8, batch_size=4, learning_rate=2e-3, on_policy=0, beta=beta)
        train(method, tmp_path / f"beta-{beta}", teacher, rows=4)
        rows = read_metrics(tmp_path / f"beta-{beta}" / "metrics.jsonl")
        assert rows[0]["loss"] == pytest.approx(float(expected.mean()), rel=1e-3), beta
        assert rows[-1]["loss"] < 0.9 * rows[0]["loss"]
        assert not [row for row in rows if "drawn" in row]


def test_each_pass_has_an_order_of_its_own_wherever_it_begins() -> None:
    from trl.trainer.utils import RepeatSampler

    from lab.train.process.distillation import Passes

    class Trainer:
        class state:
            epoch = 0.0

    def order(epoch: float) -> list[int]:
        Trainer.state.epoch = epoch
        return list(Passes(Trainer, RepeatSampler(range(16), 1, batch_size=4, seed=3)))

    first, second = order(0.0), order(1.0)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(16))
    assert order(1.5) == second, "a training that is continued in its second pass"


@pytest.mark.parametrize("change", ["words", "logits"])
def test_a_teacher_of_another_vocabulary_is_refused(change: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from lab.train.process.distillation import check_vocabulary

    student = resolve("tiny").path
    words = AutoTokenizer.from_pretrained(student)
    teacher = AutoTokenizer.from_pretrained(student)
    config = json.loads((student / "config.json").read_text())
    if change == "words":
        teacher.add_tokens(["teachers-only"])
    else:
        config["vocab_size"] += 64
    teacher.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    check_vocabulary(str(student), str(student), words)
    with pytest.raises(InputError, match=r"teacher: it.*Use a teacher of the student's model family"):
        check_vocabulary(str(student), str(tmp_path), words)


def test_what_a_recipe_may_say(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c", sums(4))
    for inputs, said in (
        (TrainInputs(NOWHERE, corpus), "distillation needs a teacher"),
        (TrainInputs(NOWHERE, teacher=NOWHERE), "needs completion examples"),
    ):
        with pytest.raises(InputError, match=said):
            Distillation().train(inputs, out=tmp_path / "out", seed=0, flops=FLOPS)
    for wrong in ({"on_policy": 1.5}, {"beta": -0.1}, {"lmbda": 0.5}):
        with pytest.raises(ValidationError):
            Distillation.model_validate(wrong)
    for args in (
        {"teacher_model_name_or_path": "x"},
        {"teacher_model_init_kwargs": {"trust_remote_code": True}},
        {"num_train_epochs": 2},
        {"seq_kd": True},
    ):
        assert list(Distillation(args=args).faults())
    assert list(Distillation(budget_tokens=100).faults())
    assert not list(Distillation(budget_tokens=100, on_policy=0, args={"top_p": 0.9}).faults())
