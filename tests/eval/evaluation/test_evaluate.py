"""The loop: what it writes, that it writes the same bytes again, and what it makes of bad input."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from eval_world import FLOPS, GOLD, SAMPLING, LastNumber, World, reply, rows, run_evaluate
from scripted import ScriptedEngine

from eval.scorers import MeanLogprob, Oracle, PTrue
from eval.strategies import BestOfN, Greedy, Sample, SelfConsistency, Strategy, WeightedSelfConsistency
from lab.core.types import Completion, Problem, Request, Verdict
from lab.engine.fake.engine import FakeEngine
from lab.errors import EngineError, InputError
from lab.statistics.means import mean_interval

SOME: list[Strategy] = [
    Greedy(),
    Sample(n=8),
    SelfConsistency(n=8),
    WeightedSelfConsistency(n=8),
    BestOfN(n=8),
    BestOfN(n=8, scorer=PTrue()),
    BestOfN(n=8, scorer=Oracle()),
]
COLUMNS = [
    "stage",
    "model",
    "task",
    "strategy",
    "scorer",
    "samples",
    "problems",
    "accuracy",
    "ci_low",
    "ci_high",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "flops_logical",
    "flops_shared",
    "flops_engine",
    "seconds",
    "origin",
    "failed",
    "unscored",
    "latency_p50",
    "latency_p95",
    "concurrency",
    "readers",
]
ANSWER_COLUMNS = [
    "trace",
    "task",
    "problem_id",
    "cluster",
    "strategy",
    "curve",
    "kind",
    "scorer",
    "n",
    "messages",
    "gold",
    "answerable",
    "meta",
    "text",
    "value",
    "correct",
    "reason",
    "failed",
    "error",
    "confidence",
    "abstained",
    "ceiling",
    "candidates",
    "requests",
    "prompt_tokens",
    "cached_tokens",
    "shared_tokens",
    "completion_tokens",
    "flops_logical",
    "flops_shared",
    "flops_engine",
    "seconds",
    "latency",
]


def points(out: Path) -> list[dict[str, str]]:
    with (out / "points.csv").open() as file:
        return list(csv.DictReader(file))


def test_answers_have_the_contracts_columns_in_its_order(tmp_path: Path) -> None:
    tasks = [World("one", size=3), World("two", size=2)]
    run_evaluate(tmp_path, SOME, tasks=tasks)
    answers = rows(tmp_path)
    assert set(answers[0]) == set(ANSWER_COLUMNS)
    order = [(t.label, p.id, s.label) for t in tasks for p in t.problems("test") for s in SOME]
    assert [(r["task"], r["problem_id"], r["strategy"]) for r in answers] == order
    row = answers[2]
    assert (row["kind"], row["scorer"], row["n"], len(row["candidates"])) == ("self_consistency", "", 8, 8)
    assert json.loads(row["gold"]) == f"{GOLD}0"
    assert json.loads(row["messages"])[0]["role"] == "user"
    assert set(row["candidates"][0]) == {
        "text", "value", "correct", "score", "prompt_tokens", "completion_tokens", "finish_reason",
    }  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "answers.parquet",
        "ledger.parquet",
        "outcomes.parquet",
        "points.csv",
        "problems.json",
    ]


def test_points_have_the_contracts_rows(tmp_path: Path) -> None:
    run_evaluate(tmp_path, SOME)
    found = points(tmp_path)
    assert list(found[0]) == COLUMNS
    keys = [(p["strategy"], p["scorer"], int(p["samples"]), p["origin"]) for p in found]
    assert keys[:2] == [("greedy", "", 1, "measured"), ("sample", "", 1, "derived")]
    assert keys[2:10] == [("pass@k", "oracle", k, "derived") for k in range(1, 9)]
    assert keys[10] == ("self_consistency", "", 8, "measured")
    assert keys[11:18] == [("self_consistency", "", k, "derived") for k in range(1, 8)]
    assert len(keys) == len(set(keys)) == 2 + 8 + 5 * 8
    assert {p["task"] for p in found} == {"numbers"}
    for p in found:
        assert float(p["ci_low"]) <= float(p["accuracy"]) <= float(p["ci_high"])
        assert float(p["flops_shared"]) <= float(p["flops_logical"])


def test_points_agree_with_answers(tmp_path: Path) -> None:
    run_evaluate(tmp_path, SOME, tasks=[World(size=20)])
    found = {(p["strategy"], int(p["samples"])): p for p in points(tmp_path)}
    answers = rows(tmp_path)
    for label in ("greedy", "self_consistency", "best_of_n[p_true]"):
        mine = [r for r in answers if r["strategy"] == label]
        point = found[label, mine[0]["n"]]
        for column in ("completion_tokens", "flops_shared", "seconds"):
            assert float(point[column]) == pytest.approx(sum(r[column] for r in mine) / 20)
        assert float(point["accuracy"]) == pytest.approx(sum(r["correct"] for r in mine) / 20)
    pool = [c["correct"] for r in answers if r["strategy"] == "sample" for c in r["candidates"]]
    one = sum(pool) / len(pool)
    for key in [("sample", 1), ("pass@k", 1), ("self_consistency", 1), ("best_of_n[mean_logprob]", 1)]:
        assert float(found[key]["accuracy"]) == pytest.approx(one), key
    assert float(found["best_of_n[oracle]", 8]["accuracy"]) == pytest.approx(
        float(found["pass@k", 8]["accuracy"])
    )
    for k in (2, 4):
        assert found["best_of_n[oracle]", k]["accuracy"] == found["pass@k", k]["accuracy"]


def test_several_tasks_are_also_pooled(tmp_path: Path) -> None:
    run_evaluate(tmp_path, SOME, tasks=[World("one", size=3), World("two", size=9)])
    found = points(tmp_path)
    by = {(p["task"], p["strategy"], p["samples"], p["origin"]): p for p in found}
    assert list(dict.fromkeys(p["task"] for p in found)) == ["one", "two", "all"]
    for (task, *rest), point in by.items():
        if task == "all":
            one, two = by["one", *rest], by["two", *rest]
            assert int(point["problems"]) == 12
            for column in ("accuracy", "flops_shared"):
                pooled = (3 * float(one[column]) + 9 * float(two[column])) / 12
                assert float(point[column]) == pytest.approx(pooled)


def test_the_same_inputs_give_the_same_bytes_on_the_fake_engine(tmp_path: Path) -> None:
    for name in ("a", "b"):
        engine = FakeEngine(identity="fake", latency_order="shuffled" if name == "b" else "in_order")
        run_evaluate(tmp_path / name, SOME, engine=engine, tasks=[World(size=12, template=3)])  # type: ignore[arg-type]
    for file in ("answers.parquet", "points.csv", "ledger.parquet"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@dataclass
class Moody(LastNumber):
    """Cannot score one text, and raises on another problem."""

    def check(self, problem: Problem, text: str) -> Verdict:
        if problem.id.endswith("/1"):
            raise RuntimeError("checker broke")
        if problem.id.endswith("/2"):
            return Verdict(None, None, "ambiguous")
        return super().check(problem, text)


def test_unscored_is_not_wrong_and_a_checker_that_raises_is_no_crash(tmp_path: Path) -> None:
    run_evaluate(tmp_path, SOME, tasks=[World(checker=Moody())])
    for row in rows(tmp_path):
        unscored = row["problem_id"][-1] in "12"
        assert (row["correct"] is None) == unscored
        assert not row["failed"]
        if row["problem_id"].endswith("/1"):
            assert row["reason"] == "the checker raised RuntimeError: checker broke"
    assert {p["problems"] for p in points(tmp_path)} == {"4"}


def test_a_task_that_cannot_be_scored_at_all_has_no_accuracy(tmp_path: Path) -> None:
    class Mute(LastNumber):
        def check(self, problem: Problem, text: str) -> Verdict:
            return Verdict(None, None, "no key")

    run_evaluate(tmp_path, [Greedy(), SelfConsistency(n=4)], tasks=[World(checker=Mute())])
    assert {(p["problems"], p["accuracy"]) for p in points(tmp_path)} == {("0", "")}


def test_canonical_that_raises_is_an_unparsed_answer(tmp_path: Path) -> None:
    class Fragile(LastNumber):
        def canonical(self, text: str) -> str | None:
            if "so so" in text:
                raise ValueError("choked")
            return super().canonical(text)

    run_evaluate(tmp_path, [SelfConsistency(n=8)], tasks=[World(checker=Fragile())])
    answers = rows(tmp_path)
    assert not any(r["failed"] for r in answers)
    odd = [c for r in answers for c in r["candidates"] if "so so" in c["text"]]
    assert odd
    assert all(c["value"] is None for c in odd)


def test_a_plan_that_raises_is_a_failed_row_with_its_traceback(tmp_path: Path) -> None:
    class Broken(MeanLogprob):
        def score(self, question, candidates):  # type: ignore[no-untyped-def]
            if question.id.endswith("/3"):
                raise ZeroDivisionError("scorer bug")
            return super().score(question, candidates)

    run_evaluate(tmp_path, [BestOfN.model_construct(n=4, name="", temperature=None, scorer=Broken())])
    answers = rows(tmp_path)
    assert [r["failed"] for r in answers] == [i == 3 for i in range(6)]
    assert "ZeroDivisionError: scorer bug" in answers[3]["error"]
    assert answers[3]["completion_tokens"] > 0, "its samples were paid for"


def test_an_engine_that_dies_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    def dies(request: Request) -> Completion:
        raise EngineError("gone")

    with pytest.raises(EngineError):
        run_evaluate(tmp_path, SOME, engine=ScriptedEngine(dies))
    assert not list(tmp_path.iterdir())


def test_lone_surrogates_in_model_output_are_written(tmp_path: Path) -> None:
    def odd(request: Request) -> Completion:
        done = reply(request)
        return Completion(
            done.text + "\ud800", "stop", done.usage, done.logprobs, done.token_ids, done.choices
        )

    class Loose(LastNumber):
        def canonical(self, text: str) -> str | None:
            return text

    run_evaluate(tmp_path, [SelfConsistency(n=3)], engine=ScriptedEngine(odd), tasks=[World(checker=Loose())])
    assert rows(tmp_path)[0]["text"].endswith("?")


def test_a_tasks_max_tokens_overrides_the_stages(tmp_path: Path) -> None:
    engine = run_evaluate(tmp_path, [Greedy()], tasks=[World(max_tokens=5), World("two")])
    assert [r.sampling.max_tokens for r in engine.submitted] == [5] * 6 + [SAMPLING.max_tokens] * 6


@pytest.mark.parametrize(
    ("strategies", "tasks", "message"),
    [
        (
            [SelfConsistency(n=2), SelfConsistency(n=4)],
            [World()],
            "two strategies are called 'self_consistency'",
        ),
        ([Sample(n=2, temperature=0)], [World()], "at temperature 0"),
        ([Greedy()], [World(size=0)], "'numbers' has no test problems"),
        ([Greedy()], [World(), World()], "two tasks are called 'numbers'"),
        ([Greedy()], [World("all")], "cannot be called 'all'"),
    ],
)
def test_bad_input_is_one_clear_message(
    strategies: list[Strategy], tasks: list[World], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        run_evaluate(tmp_path, strategies, tasks=tasks)
    assert not list(tmp_path.iterdir())


def test_equal_problem_ids_are_refused(tmp_path: Path) -> None:
    class Twice(World):
        def problems(self, split, *, seed=0):  # type: ignore[no-untyped-def]
            return super().problems(split) * 2

    with pytest.raises(InputError, match="6 problem ids are not unique"):
        run_evaluate(tmp_path, [Greedy()], tasks=[Twice()])


def test_templates_widen_the_interval(tmp_path: Path) -> None:
    """Problems of one template share their gold here, so their errors are not independent."""
    run_evaluate(tmp_path / "free", [Sample(n=8)], tasks=[World(size=40)])
    run_evaluate(tmp_path / "tied", [Sample(n=8)], tasks=[World(size=40, template=10)])
    assert {r["cluster"] for r in rows(tmp_path / "tied")} == {"t0", "t1", "t2", "t3"}
    free, tied = points(tmp_path / "free")[0], points(tmp_path / "tied")[0]
    assert free["accuracy"] == tied["accuracy"]
    assert (free["ci_low"], free["ci_high"]) != (tied["ci_low"], tied["ci_high"])


def test_a_family_that_is_the_whole_task_is_no_cluster(tmp_path: Path) -> None:
    """Pooled over three such tasks there would be three clusters, and no interval worth having."""
    tasks = [World(name, size=10) for name in ("one", "two", "three")]
    assert {p.meta["family"] for p in tasks[0].problems("test")} == {"one"}
    run_evaluate(tmp_path, [Sample(n=8)], tasks=tasks)
    assert all(r["cluster"] == r["problem_id"] for r in rows(tmp_path))
    means = [sum(c["correct"] for c in r["candidates"]) / 8 for r in rows(tmp_path)]
    expected = mean_interval(means)
    pooled = next(p for p in points(tmp_path) if p["task"] == "all" and p["strategy"] == "sample")
    assert (float(pooled["ci_low"]), float(pooled["ci_high"])) == pytest.approx((expected.low, expected.high))


def test_derived_costs_at_k(tmp_path: Path) -> None:
    """Shared: the prompt once, decode k times; logical, tokens and seconds k/n of the pool's. A verifier's
    question prefix is paid once, too (tests/eval/estimators/test_derived.py has every case)."""
    run_evaluate(tmp_path, [SelfConsistency(n=8), BestOfN(n=8, scorer=PTrue())], tasks=[World(size=1)])
    found = {(p["strategy"], int(p["samples"])): p for p in points(tmp_path)}
    row = rows(tmp_path)[0]
    prompt = row["candidates"][0]["prompt_tokens"]
    decode = sum(FLOPS.decode(prompt, c["completion_tokens"]) for c in row["candidates"]) / 8
    for k in (1, 2, 4, 8):
        point = found["self_consistency", k]
        assert float(point["flops_shared"]) == pytest.approx(FLOPS.prefill(prompt) + k * decode)
        assert float(point["flops_logical"]) == pytest.approx(k * (FLOPS.prefill(prompt) + decode))
        assert float(point["completion_tokens"]) == pytest.approx(row["completion_tokens"] * k / 8)
        assert float(point["seconds"]) == pytest.approx(row["seconds"] * k / 8)
        scorer = sum(float(found["best_of_n[p_true]", k][c]) - float(point[c]) for c in ["flops_shared"])
        full = float(found["best_of_n[p_true]", 8]["flops_shared"]) - float(
            found["self_consistency", 8]["flops_shared"]
        )
        assert full * k / 8 <= scorer <= full * (1 + 1e-9)
        assert full > 0
