"""What holds of every strategy with every scorer; a new member of either union is covered unasked."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from eval_world import GOLD, SAMPLING, World, broken, completion, reply, rows, run_evaluate
from every_strategy import EVERY, SCORERS
from pydantic import ValidationError
from scripted import ScriptedEngine

from eval.grading import Grader
from eval.strategies import (
    SelfConsistency,
    Strategy,
)
from eval.strategies.base import SamplingStrategy, parts
from lab.core.bank.store import Bank
from lab.core.component import members_of
from lab.core.types import Completion, Request
from lab.language.abstention.reading import ABSTAINED

PRODUCTS = ("answers.parquet", "points.csv", "outcomes.parquet", "ledger.parquet")
WRITING = [s for s in EVERY if not s.ranks]
"""Those whose answers the model writes: an option can always be read."""
each = pytest.mark.parametrize("strategy", EVERY, ids=[s.label for s in EVERY])


def test_the_unions_hold_what_the_issue_asks_for() -> None:
    assert {"greedy", "sample", "self_consistency", "weighted_self_consistency", "best_of_n"} <= members_of(
        Strategy
    ).keys()
    logprobs = {"mean_logprob", "sum_logprob", "min_logprob"}
    assert logprobs | {"p_true", "self_verify", "length", "random", "oracle"} <= SCORERS.keys()


def executed(out: Path) -> list[dict]:  # type: ignore[type-arg]
    """Every ledger row that an engine was asked for, dev problems included."""
    dev = rows(out, "ledger_dev") if (out / "ledger_dev.parquet").exists() else []
    return [r for r in dev + rows(out, "ledger") if r["served_from"] == "engine"]


def about(request: Request, number: int) -> bool:
    """Whether a request, of whatever kind, is about test problem `number`."""
    return any(f"problem {number} about?" in m["content"] for m in request.messages)


@each
def test_ledger_and_answers_count_what_the_engine_emitted(strategy: Strategy, tmp_path: Path) -> None:
    """Every request is charged; equal requests (one text checked twice) are executed once."""
    engine = run_evaluate(tmp_path, [strategy])
    ledger, answers = rows(tmp_path, "ledger"), rows(tmp_path)
    assert not [r["error"] for r in answers if r["failed"]]
    assert len(executed(tmp_path)) == len(engine.submitted)
    assert sum(r["completion_tokens"] for r in executed(tmp_path)) == engine.emitted > 0
    for column in ("completion_tokens", "prompt_tokens", "flops_shared", "seconds"):
        charged = sum(r[column] for r in ledger)
        assert sum(r[column] for r in answers) == pytest.approx(charged)
    assert sum(r["requests"] for r in answers) == len(ledger)
    draws = any(getattr(part, "draws", False) for part in parts(strategy))
    if isinstance(strategy, SamplingStrategy) and not strategy.measured_per_size and not draws:
        samples = [r for r in ledger if r["tag"] == "sample"]
        assert len(samples) == strategy.size * len(answers)
    assert all(isinstance(json.loads(r["trace"]), dict) for r in answers)
    assert all(r["candidates"] for r in answers), "a report shows what it chose from"


@each
@pytest.mark.parametrize("role", ["policy", "verifier", "reward"])
def test_one_failing_completion_does_not_lose_the_answer(
    strategy: Strategy, role: str, tmp_path: Path
) -> None:
    """The lost one is charged and stays in the pool, wrong and without a vote."""
    broke: list[Request] = []

    def fails_once(request: Request) -> Completion:
        if request.role == role and about(request, 2) and not broke:
            broke.append(request)
            return broken(tokens=3)
        return reply(request)

    engine = run_evaluate(tmp_path, [strategy], engine=ScriptedEngine(fails_once))
    answers = rows(tmp_path)
    assert len(answers) == 6
    lone = strategy.size == 1 and role == "policy"
    failed = [r["failed"] for r in answers]
    assert failed == [lone and i == 2 for i in range(6)] or (lone and not any(failed)), answers[2]["error"]
    if broke and isinstance(strategy, SamplingStrategy) and broke[0].tag == "sample" and not lone:
        lost = answers[2]["candidates"][broke[0].index]
        assert (lost["finish_reason"], lost["value"], lost["correct"], lost["score"]) == (
            "error",
            None,
            False,
            None,
        )
    charged = sum(r["completion_tokens"] for r in executed(tmp_path))
    assert charged == engine.emitted, "the failed one's 3 tokens too"


@each
def test_an_engine_that_fails_one_problem_gives_one_failed_row(strategy: Strategy, tmp_path: Path) -> None:
    def fails(request: Request) -> Completion:
        return broken() if about(request, 2) else reply(request)

    run_evaluate(tmp_path, [strategy], engine=ScriptedEngine(fails))
    answers = rows(tmp_path)
    assert [r["failed"] for r in answers] == [i == 2 for i in range(6)]
    assert "CompletionError: out of memory" in answers[2]["error"]
    assert answers[2]["correct"] is None, "what was not drawn is not wrong"
    with (tmp_path / "points.csv").open() as file:
        points = list(csv.DictReader(file))
    assert {(p["problems"], p["failed"], p["unscored"]) for p in points} == {("5", "1", "0")}


@each
def test_the_order_of_completion_does_not_matter(strategy: Strategy, tmp_path: Path) -> None:
    run_evaluate(tmp_path / "a", [strategy], engine=ScriptedEngine(reply))
    run_evaluate(tmp_path / "b", [strategy], engine=ScriptedEngine(reply, shuffle=5, capacity=64))
    for name in PRODUCTS:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@each
def test_it_continues_from_the_bank_without_paying_again(strategy: Strategy, tmp_path: Path) -> None:
    whole, bank = tmp_path / "whole" / "s", Bank(":memory:")
    run_evaluate(whole, [strategy])
    calls: list[Request] = []

    def dies(request: Request) -> Completion:
        calls.append(request)
        if len(calls) > 7:
            raise KeyboardInterrupt
        return reply(request)

    out, needed = tmp_path / "killed" / "s", len(executed(whole))
    if needed > 7:
        with pytest.raises(KeyboardInterrupt):
            run_evaluate(out, [strategy], engine=ScriptedEngine(dies), bank=bank)
        assert not [name for name in PRODUCTS if (out / name).exists()], (
            "nothing half-written that looks finished"
        )
    first = min(len(calls), 7)
    engine = run_evaluate(out, [strategy], bank=bank)
    assert len(engine.submitted) == needed - first
    for name in PRODUCTS:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert not run_evaluate(out, [strategy], bank=bank).submitted


@each
@pytest.mark.parametrize(
    "limit", [{"max_samples": 1}, {"max_samples": 3}, {"max_tokens": 70}, {"budget_flops": 6e5}], ids=str
)
def test_it_respects_its_budget_and_answers_all_the_same(
    strategy: Strategy, limit: dict[str, float], tmp_path: Path
) -> None:
    """No problem costs more than the limit; the answer is the best so far, never a failure."""
    run_evaluate(tmp_path, [strategy.model_copy(update=limit)])
    answers = rows(tmp_path)
    assert not [r["error"] for r in answers if r["failed"]]
    for answer in answers:
        ledger = [r for r in rows(tmp_path, "ledger") if r["problem"] == answer["problem_id"]]
        assert ledger, "something was drawn"
        spent = {
            "max_samples": sum(r["role"] == "policy" for r in ledger),
            "max_tokens": sum(r["completion_tokens"] for r in ledger),
            "budget_flops": sum(r["flops_shared"] for r in ledger),
        }
        (name, most), *_ = limit.items()
        assert spent[name] <= most * (1 + 1e-9)


@each
def test_the_gold_reaches_nobody_but_a_ceiling(strategy: Strategy, tmp_path: Path) -> None:
    task = World()
    question = Grader(task.problems("test")[0], task.checker).question(SAMPLING, ceiling=strategy.ceiling)
    asks_oracle = any(getattr(part, "kind", "") == "oracle" for part in parts(strategy))
    gated = getattr(strategy, "gate", "") == "oracle"
    assert (question.oracle is not None) == strategy.ceiling == (asks_oracle or gated)
    engine = run_evaluate(tmp_path, [strategy])
    assert GOLD not in str(engine.submitted)
    assert {r["ceiling"] for r in rows(tmp_path)} == {strategy.ceiling}


@pytest.mark.parametrize("strategy", WRITING, ids=[s.label for s in WRITING])
def test_no_answer_can_be_parsed(strategy: Strategy, tmp_path: Path) -> None:
    def mumbles(request: Request) -> Completion:
        if request.role != "policy" or request.sampling.allowed_tokens:
            return reply(request)
        return completion(request, "hm")

    run_evaluate(tmp_path, [strategy], engine=ScriptedEngine(mumbles))
    for row in rows(tmp_path):
        value = ABSTAINED if row["abstained"] else None
        assert (row["value"], row["correct"], row["failed"]) == (value, False, False), row["error"]
        assert row["confidence"] is None or 0 <= row["confidence"] <= 1


@each
def test_confidence_is_a_probability_or_absent(strategy: Strategy, tmp_path: Path) -> None:
    run_evaluate(tmp_path, [strategy])
    given = [r["confidence"] for r in rows(tmp_path)]
    assert all(c is None or 0 <= c <= 1 for c in given)


@each
def test_estimates_are_the_same_points_for_every_pool(strategy: Strategy) -> None:
    from eval.estimators.pool import Pool

    failed = strategy.estimates(Pool.failed(strategy.size))
    n = strategy.size
    other = strategy.estimates(Pool(("a",) * n, (1.0,) * n, (0.5,) * n))
    assert [(e.strategy, e.scorer, e.k) for e in failed] == [(e.strategy, e.scorer, e.k) for e in other]
    assert {e.value for e in failed} <= {0.0}
    assert all(e.value == pytest.approx(1.0) for e in other)


def test_unknown_keys_and_options_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValidationError):
        SelfConsistency(samples=4)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        SelfConsistency(n=0)
    assert [field for field, _ in SelfConsistency(n=4, temperature=0).faults()] == ["temperature"]
    assert not list(SelfConsistency(n=1, temperature=0).faults())
