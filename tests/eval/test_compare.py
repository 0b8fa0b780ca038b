"""Paired comparisons from finished answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from eval_world import World, completion, reply, rows, run_evaluate
from scripted import ScriptedEngine

from eval.compare import compare
from eval.strategies import Greedy, Sample, SelfConsistency, Strategy
from lab.core.types import Completion, Request
from lab.run.folders.views import Finished
from lab.run.history.compare import _with_strategy

WAYS: list[Strategy] = [Greedy(), Sample(n=4), SelfConsistency(n=8)]


def better(request: Request) -> Completion:
    """Like the base model, but right on most problems when greedy."""
    if request.sampling.temperature > 0:
        return reply(request)
    number = int(request.messages[0]["content"].split()[-2])
    return completion(request, f"the answer is {number % 4 if number % 5 else 9}.")


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    tasks = [World("one", size=30), World("two", size=30)]
    run_evaluate(tmp_path / "before", WAYS, tasks=tasks)
    run_evaluate(tmp_path / "after", WAYS, tasks=tasks, engine=ScriptedEngine(better))
    return tmp_path / "before", tmp_path / "after"


def test_tuned_against_base(runs: tuple[Path, Path]) -> None:
    found = {(c.task, c.strategy_a): c for c in compare(*runs)}
    assert list(found) == [
        (t, s) for t in ("one", "two", "all") for s in ("greedy", "sample", "self_consistency")
    ]
    greedy = found["all", "greedy"]
    assert greedy.problems == 60
    assert greedy.accuracy_b == pytest.approx(0.8)
    assert greedy.difference == pytest.approx(greedy.accuracy_b - greedy.accuracy_a)
    assert 0 < greedy.ci_low < greedy.difference < greedy.ci_high
    assert greedy.p < greedy.p_holm < 0.01
    same = found["one", "sample"]
    assert (same.difference, same.p) == (0.0, 1.0)
    assert same.ci_low == -same.ci_high, "no difference in 30 problems is not known to be none"
    assert 0.05 < same.ci_high < 0.2
    assert compare(*runs) == compare(*runs)


def test_sample_counts_by_its_whole_pool(runs: tuple[Path, Path]) -> None:
    pools = [r["candidates"] for r in rows(runs[0]) if r["strategy"] == "sample" and r["task"] == "one"]
    mean = sum(c["correct"] for pool in pools for c in pool) / (4 * len(pools))
    (found,) = [c for c in compare(*runs) if (c.task, c.strategy_a) == ("one", "sample")]
    assert found.accuracy_a == pytest.approx(mean)


def test_two_strategies_of_one_file(runs: tuple[Path, Path]) -> None:
    found = compare(runs[0], runs[0], [("greedy", "self_consistency")])
    assert [(c.task, c.strategy_a, c.strategy_b) for c in found] == [
        (t, "greedy", "self_consistency") for t in ("one", "two", "all")
    ]
    assert all(c.p == c.p_holm for c in found)


def test_only_shared_problems_count(runs: tuple[Path, Path], tmp_path: Path) -> None:
    run_evaluate(tmp_path / "few", [Greedy()], tasks=[World("two", size=7), World("three", size=3)])
    found = compare(runs[0], tmp_path / "few")
    assert [(c.task, c.strategy_a, c.problems) for c in found] == [("two", "greedy", 7)]
    assert compare(runs[0], tmp_path / "few", [("greedy", "nope")]) == []


def test_against_a_strategy_that_one_stage_of_a_run_lacks(tmp_path: Path) -> None:
    """The stages that have it are compared; where none has it, the message names the nearest."""
    run_evaluate(tmp_path / "a-1", [Greedy(), SelfConsistency(n=2)])
    run_evaluate(tmp_path / "b-1", [Greedy()], tasks=[World("other")])
    stages = [Finished("r", name, tmp_path / f"{name}-1", {}) for name in "ab"]
    pairs = [(stage, stage) for stage in stages]
    assert _with_strategy(pairs, "self_consistency") == pairs[:1]
    assert _with_strategy(pairs, "greedy") == pairs
    assert _with_strategy(pairs, "gredy") == pairs, "the first one says so"
