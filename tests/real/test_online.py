"""Online training that is killed and continued, and the real model learning from its own samples."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS

from asking import asked
from having import needs_vllm
from online_world import letters
from train_world import Striker

from lab.core.types import Request, Sampling
from lab.engine import VllmConfig
from lab.errors import StageError
from lab.formats.training import read_metrics
from lab.models import flops_model, resolve
from lab.tasks import ReasoningGym
from lab.tasks.rewards import reward_spec
from lab.train.spec import TrainInputs
from lab.train.trainers.grpo import GRPO
from lab.train.trainers.online import OnlineTrainer
from lab.train.trainers.rloo import RLOO

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


def learn(method: OnlineTrainer, out: Path, **more: Any) -> Any:
    tiny, reward = resolve("tiny"), letters(out.with_suffix(".jsonl"))
    return method.train(TrainInputs(tiny, reward=reward), out=out, seed=3, flops=flops_model(tiny), **more)


def curve(out: Path) -> list[tuple[float, ...]]:
    names = ("step", "loss", "grad_norm", "reward", "entropy", "drawn_tokens", "tokens", "flops")
    return [tuple(row[name] for name in names) for row in read_metrics(out / "metrics.jsonl")]


@pytest.mark.parametrize("kind", [GRPO, RLOO])
def test_kill_9_then_the_same_answers_are_drawn(kind: type[OnlineTrainer], tmp_path: Path) -> None:
    """There are three passes over the problems, so that a continued training must know which it was in."""
    method = kind(
        steps=9,
        generations=4,
        batch_size=8,
        gradient_accumulation=1,
        max_completion_length=8,
        learning_rate=3e-3,
        save_steps=2,
    )
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    undisturbed = learn(method, whole)
    with pytest.raises(StageError, match=r"was killed.*to continue"):
        learn(method, broken, progress=Striker(broken, at=5))
    continued = learn(method, broken)
    again = re.search(r"continuing from checkpoint-(\d+)", (broken / "train.log").read_text())
    assert again is not None, "it began again instead of continuing"
    assert int(again[1]) >= 4
    for mine, theirs in zip(curve(broken), curve(whole), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-5, abs=1e-6)
    assert (continued.steps, continued.tokens) == (undisturbed.steps, undisturbed.tokens)
    assert continued.flops == pytest.approx(undisturbed.flops)


def test_a_policy_without_probabilities_says_what_to_lower(tmp_path: Path) -> None:
    method = GRPO(
        steps=6,
        generations=4,
        batch_size=16,
        gradient_accumulation=1,
        max_completion_length=8,
        learning_rate=1e30,
        warmup=0,
    )
    with pytest.raises(StageError, match=r"diverged.*lower learning_rate \(now 1e\+30\)"):
        learn(method, tmp_path)
    assert not (tmp_path / "model").exists()


@needs_vllm
def test_smollm2_learns_from_its_own_samples_and_loads_in_vllm(tmp_path: Path) -> None:
    """Too few steps for a gain: recipes/train/grpo_verifiable.yaml is for that."""
    task = ReasoningGym(dataset="gcd", limit=40, options={"max_numbers": 2, "max_value": 40})
    model = resolve("smollm2-135m")
    method = GRPO(
        steps=3, batch_size=16, gradient_accumulation=1, max_completion_length=32, learning_rate=2e-5
    )
    inputs = TrainInputs(model, reward=reward_spec([task], 0))
    result = method.train(inputs, out=tmp_path, seed=0, flops=flops_model(model))
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert all(0 <= row["reward"] <= 1 and row["drawn_tokens"] > 16 for row in rows)
    assert resolve(str(result.model)).digest != model.digest
    config = VllmConfig(max_model_len=128, max_num_seqs=8, kv_cache_gib=0.2, eager=True)
    [answer] = asked(
        config.open(resolve(str(result.model)), expected_tokens=0),
        [
            Request(
                ({"role": "user", "content": "What is the capital of France?"},), Sampling(0.0, max_tokens=16)
            )
        ],
    )
    assert "Paris" in answer.text
