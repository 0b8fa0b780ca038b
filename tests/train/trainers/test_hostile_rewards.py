"""Hostile answers as the samples of GRPO and RLOO: nothing runs, no reward takes longer than its limit."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from lab.core.types import Problem
from lab.errors import StageError
from lab.models import resolve
from lab.tasks import ReasoningGym
from lab.tasks.checkers import Math, Numeric, sandbox
from lab.tasks.checkers.sandbox import SANDBOX
from lab.tasks.jsonl import Jsonl
from lab.tasks.rewards import open_reward, reward_spec
from lab.train import GRPO
from lab.train.process.online import reward_function
from lab.train.spec import TrainingSpec
from tests.support.canary import Canary
from tests.support.hostile import attacks, bombs, huge

EVALUATING = {"spiral_matrix": "SpiralMatrixConfig", "countdown": "CountdownConfig"}
"""Generators whose scorers evaluate what they are given: a literal, an expression."""
QUESTION = {"question": "What is a half of 106?", "answer": "53"}
EXPANSION = {"question": "Expand (x + 1)(x + 2).", "answer": "$x^2 + 3x + 2$"}


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    bird = Canary(tmp_path / "canary")
    yield bird
    bird.listener.close()


def spec(tasks: list[object]) -> TrainingSpec:
    return TrainingSpec(GRPO().model_dump(mode="json"), "m", [], "o", 3, {}, {}, reward=reward_spec(tasks, 3))


def rewards(told: TrainingSpec, problem: Problem, texts: list[str]) -> list[float | None]:
    """What the trainer gets for each of these samples."""
    from transformers import AutoTokenizer

    reward = reward_function(told, AutoTokenizer.from_pretrained(resolve("tiny").path))
    turns = [[{"role": "assistant", "content": text}] for text in texts]
    return reward(completions=turns, problem=[problem.id] * len(texts), log_metric=lambda *_: None)


@pytest.mark.parametrize("name", EVALUATING)
def test_a_scorer_that_evaluates_runs_no_sample(name: str, canary: Canary) -> None:
    task = ReasoningGym(dataset=name, limit=1)
    told = spec([task])
    (problem,) = open_reward(told.reward or {}).problems()
    right = f"Answer: {problem.gold}"
    texts = [*attacks(canary.code, EVALUATING[name]), *bombs(), *huge(), right]
    started = time.process_time()
    found = rewards(told, problem, texts)
    assert time.process_time() - started < 20
    assert found == [0.0] * (len(texts) - 1) + [1.0]
    assert not canary.sang()


@pytest.mark.parametrize("checker", [Math(seconds=0.5), Numeric()], ids=lambda checker: checker.kind)
def test_mathematics_stops(checker: Math | Numeric, canary: Canary, tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(json.dumps(QUESTION))
    told = spec([Jsonl(train=str(tmp_path / "own.jsonl"), checker=checker)])
    (problem,) = open_reward(told.reward or {}).problems()
    every = 8 if checker.kind == "math" else 1  # which starts a new child after each bomb
    some = [text for feed in (attacks(canary.code), bombs(), huge()) for text in islice(feed, 0, None, every)]
    texts = [*some, r"\boxed{9^{9^{9^{9}}}}", "Answer: 53"]
    started = time.process_time()
    found = rewards(told, problem, texts)
    assert time.process_time() - started < 20
    assert found == [0.0] * (len(texts) - 1) + [1.0]
    assert not canary.sang()


def test_without_a_sandbox_there_are_no_rewards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All samples unscored would be a training that learns nothing, and says nothing."""
    (tmp_path / "own.jsonl").write_text(json.dumps(EXPANSION))
    told = spec([Jsonl(train=str(tmp_path / "own.jsonl"), checker=Math())])
    (problem,) = open_reward(told.reward or {}).problems()
    SANDBOX.close()
    monkeypatch.setattr(sandbox, "WORKER", "lab.tasks.checkers.sandbox.no_such_worker")
    with pytest.raises(StageError, match="the checker process cannot load"):
        rewards(told, problem, ["Answer: 53"])
