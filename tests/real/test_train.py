"""Training that is killed and continued, values TRL refuses, two processes, and the real model."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from train_world import Striker, sums, train, write_corpus

from lab.errors import InputError, StageError
from lab.formats.training import read_metrics
from lab.models import resolve
from lab.system.machine import detect
from lab.train import SFT

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

TWO = Path(__file__).parents[2] / "recipes" / "train" / "accelerate" / "cpu_two.yaml"


def losses(out: Path) -> list[tuple[int, float, int]]:
    return [(row["step"], row["loss"], row["tokens"]) for row in read_metrics(out / "metrics.jsonl")]


def test_kill_9_then_the_same_call_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c", sums(64))
    method = SFT(epochs=8, batch_size=4, learning_rate=1e-3, save_steps=6)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    undisturbed = train(method, corpus, whole)
    with pytest.raises(StageError, match=r"was killed.*to continue"):
        train(method, corpus, broken, progress=Striker(broken, at=15))
    assert not (broken / "model").exists()
    assert not (broken / "ledger.parquet").exists()
    half = broken / "checkpoints" / "checkpoint-126"
    half.mkdir()
    (half / "trainer_state.json").write_text('{"global_step": 126}')
    continued = train(method, corpus, broken)
    again = re.search(r"continuing from checkpoint-(\d+)", (broken / "train.log").read_text())
    assert again is not None, "it began again instead of continuing"
    assert 12 <= int(again[1]) < 126
    steps, curve, tokens = zip(*losses(whole), strict=True)
    again_steps, again_curve, again_tokens = zip(*losses(broken), strict=True)
    assert (again_steps, again_tokens) == (steps, tokens)
    assert again_curve == pytest.approx(curve, abs=1e-6)
    assert (continued.steps, continued.tokens, continued.flops) == (
        128,
        undisturbed.tokens,
        undisturbed.flops,
    )
    assert resolve(str(continued.model)).digest == resolve(str(undisturbed.model)).digest
    assert not (broken / "checkpoints").exists()


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (SFT(args={"optim": "adamm"}), "trl.SFTConfig rejects.*adamm"),
        (SFT(max_length=8), "max_length 8 cuts off the completion of every example: raise it"),
    ],
)
def test_what_only_the_training_process_can_see(method: SFT, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        train(method, write_corpus(tmp_path / "c", sums(8)), tmp_path / "out")


@pytest.mark.skipif(bool(detect().gpus), reason="two processes on one GPU")
def test_two_processes_through_an_accelerate_file(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c", sums(32))
    one = train(SFT(epochs=1, batch_size=8, learning_rate=1e-3), corpus, tmp_path / "one")
    two = train(
        SFT(epochs=1, batch_size=4, learning_rate=1e-3, accelerate_config=str(TWO)),
        corpus,
        tmp_path / "two",
    )
    assert (two.steps, two.tokens, two.trained_tokens) == (one.steps, one.tokens, one.trained_tokens)
    assert two.flops == pytest.approx(one.flops)
    curves = [
        [row["loss"] for row in read_metrics(tmp_path / name / "metrics.jsonl")] for name in ("one", "two")
    ]
    assert curves[1] == pytest.approx(curves[0], abs=0.01)


@pytest.mark.skipif(bool(shutil.which("mpirun")), reason="with MPI it works")
def test_processes_that_accelerate_does_not_start_are_missed(tmp_path: Path) -> None:
    config = tmp_path / "two.json"
    config.write_text(json.dumps({"distributed_type": "MULTI_CPU", "num_processes": 2, "use_cpu": True}))
    with pytest.raises(InputError, match="asks for 2 processes, but accelerate started 1"):
        train(SFT(accelerate_config=str(config)), write_corpus(tmp_path / "c", sums(8)), tmp_path / "out")


def test_smollm2_learns(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c", sums(48))
    result = train(
        SFT(epochs=2, batch_size=16, learning_rate=5e-5),
        corpus,
        tmp_path / "out",
        weights=resolve("smollm2-135m"),
    )
    rows: list[dict[str, Any]] = read_metrics(tmp_path / "out" / "metrics.jsonl")
    assert len(rows) == 6
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert result.seconds > 0
    from transformers import AutoTokenizer

    template = AutoTokenizer.from_pretrained(result.model).chat_template
    assert template == AutoTokenizer.from_pretrained(resolve("smollm2-135m").path).chat_template
    assert "You are a helpful AI assistant named SmolLM" in template
