"""No number without a measurement: what is refused, lacks its numbers, or was never drawn."""

from __future__ import annotations

import csv
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from eval_world import World, broken, key_of, reply, rows, run_evaluate
from scripted import ScriptedEngine

from eval.compare import compare
from eval.scorers import MeanLogprob, PTrue, Rubric, SelfCertainty
from eval.strategies import (
    AnswerWithConfidence,
    BestOfN,
    DeepConf,
    Greedy,
    RankByLikelihood,
    SelfConsistency,
    Strategy,
    Tournament,
    WeightedSelfConsistency,
)
from lab.core.bank.store import Bank
from lab.core.failures import FIRST
from lab.core.types import Completion, Request
from lab.errors import StageError
from lab.statistics.means import mean_interval

REFUSED = "the server rejected the request: HTTP 400: 'max_tokens' is not supported"
WAYS: list[Strategy] = [Greedy(), SelfConsistency(n=4)]


def refused(request: Request) -> Completion:
    return broken(REFUSED)


def ended(tmp_path: Path, strategies: list[Strategy], script, **more) -> str:  # type: ignore[no-untyped-def]
    """The message that ends the stage; nothing that looks finished is left."""
    with pytest.raises(StageError) as caught:
        run_evaluate(tmp_path / "out", strategies, engine=ScriptedEngine(script), max_failed=0.05, **more)
    assert not [p.name for p in (tmp_path / "out").rglob("*") if p.is_file()]
    return str(caught.value)


def points(out: Path) -> list[dict[str, str]]:
    with (out / "points.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_server_that_refuses_everything_gives_no_number(tmp_path: Path) -> None:
    said = ended(tmp_path, WAYS, refused)
    assert said.startswith("strategy 'greedy' (also 'self_consistency'): all of its 6 answers failed")
    assert f"First failure: problem numbers/0: {REFUSED}" in said


def test_not_even_with_every_failure_allowed(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="all of its 6 answers failed"):
        run_evaluate(tmp_path, WAYS, engine=ScriptedEngine(refused), max_failed=1.0)


def test_of_ten_thousand_problems_only_the_first_are_tried(tmp_path: Path) -> None:
    engine = ScriptedEngine(refused, capacity=8)
    with pytest.raises(StageError, match=f"stopped after {FIRST} problems"):
        run_evaluate(tmp_path, [Greedy()], engine=engine, tasks=[World(size=5000)], max_failed=0.05)
    assert len(engine.submitted) <= FIRST + 8


def test_what_was_drawn_before_is_kept(tmp_path: Path) -> None:
    """Greedy is answered, the vote is refused: once the server is mended, greedy is not drawn again."""
    bank = Bank(tmp_path / "bank.sqlite")
    ended(tmp_path, WAYS, lambda r: reply(r) if r.sampling.temperature == 0 else refused(r), bank=bank)
    engine = run_evaluate(tmp_path / "out", WAYS, bank=bank, max_failed=0.05)
    assert {r.sampling.temperature for r in engine.submitted} == {0.8}


def test_a_prompt_that_is_too_long_fails_its_problem_alone(tmp_path: Path) -> None:
    def short(request: Request) -> Completion:
        return broken("the prompt has 90 tokens") if " 3 " in key_of(request) else reply(request)

    run_evaluate(
        tmp_path, WAYS, engine=ScriptedEngine(short), tasks=[World(size=20)], max_failed=0.05, stage="s"
    )
    answers = [r for r in rows(tmp_path) if r["problem_id"] == "numbers/3"]
    assert {(r["failed"], r["correct"]) for r in answers} == {(True, None)}
    assert all("CompletionError: the prompt has 90 tokens" in r["error"] for r in answers)
    for point in points(tmp_path):
        assert (point["problems"], point["failed"], point["unscored"]) == ("19", "1", "0")


def test_an_interval_holds_all_wrong_and_all_right(tmp_path: Path) -> None:
    def some(request: Request) -> Completion:
        return broken() if " 3 " in key_of(request) else reply(request)

    run_evaluate(tmp_path, [Greedy()], engine=ScriptedEngine(some), tasks=[World(size=20)])
    values = [r["correct"] for r in rows(tmp_path)]
    known = [float(v) for v in values if v is not None]
    (point,) = points(tmp_path)
    assert float(point["accuracy"]) == pytest.approx(sum(known) / 19)
    low, high = (mean_interval([gap if v is None else float(v) for v in values]) for gap in (0.0, 1.0))
    assert float(point["ci_low"]) == pytest.approx(low.low)
    assert float(point["ci_high"]) == pytest.approx(high.high)
    assert low.mean < float(point["accuracy"]) < high.mean


def test_a_task_without_an_answer_has_no_accuracy(tmp_path: Path) -> None:
    def one_task(request: Request) -> Completion:
        return broken() if " lost " in key_of(request) else reply(request)

    tasks = [World("kept", size=4), World("lost", size=2)]
    run_evaluate(tmp_path, [Greedy()], engine=ScriptedEngine(one_task), tasks=tasks)
    kept, lost, pooled = points(tmp_path)
    assert (lost["accuracy"], lost["ci_low"], lost["problems"], lost["failed"]) == ("", "", "0", "2")
    assert pooled["accuracy"] == kept["accuracy"], "what was not drawn is not wrong"
    assert (pooled["problems"], pooled["failed"]) == ("4", "2")
    assert float(pooled["ci_low"]) < float(kept["ci_low"]) or kept["ci_low"] == "0"


@pytest.mark.parametrize("gone", [(), (nan,), (-inf,), (inf,)], ids=["none", "nan", "-inf", "inf"])
@pytest.mark.parametrize(
    "strategy",
    [
        BestOfN(n=4),
        WeightedSelfConsistency(n=4, scorer=MeanLogprob()),
        AnswerWithConfidence(),
        BestOfN(n=4, scorer=SelfCertainty()),
        DeepConf(n=4),
    ],
    ids=lambda s: s.label,
)
def test_without_its_numbers_per_token_a_scorer_measures_nothing(
    strategy: Strategy, gone: tuple[float, ...], tmp_path: Path
) -> None:
    def bare(request: Request) -> Completion:
        found = reply(request)
        count = found.usage.completion_tokens * len(gone)
        return replace(found, logprobs=gone * count, confidence=gone * count, certainty=gone * count)

    said = ended(tmp_path, [SelfConsistency(n=4), strategy], bare)
    assert said.startswith(f"strategy '{strategy.label}': all of its 6 answers failed")
    assert ("that are not numbers" if gone else "the engine returned no ") in said


def test_a_vote_needs_no_numbers(tmp_path: Path) -> None:
    def bare(request: Request) -> Completion:
        return replace(reply(request), logprobs=())

    run_evaluate(tmp_path, WAYS, engine=ScriptedEngine(bare), max_failed=0.05)
    assert {r["confidence"] for r in rows(tmp_path) if r["kind"] == "greedy"} == {None}


@pytest.mark.parametrize(
    "strategy",
    [BestOfN(n=4, scorer=PTrue()), BestOfN(n=4, scorer=Rubric()), Tournament(n=4)],
    ids=lambda s: s.label,
)
@pytest.mark.parametrize("mass", [-40.0, -inf, nan, None])
def test_a_model_that_considers_no_choice_measures_nothing(
    strategy: Strategy, mass: float | None, tmp_path: Path
) -> None:
    """Its first token is a reasoning tag, say: Yes and No have next to no probability."""

    def reasons(request: Request) -> Completion:
        found = reply(request)
        if not request.sampling.allowed_tokens:
            return found
        return replace(found, choices={} if mass is None else dict.fromkeys(found.choices, mass))

    said = ended(tmp_path, [strategy], reasons)
    begun = {-40.0: "starts its answer with something else", -inf: "starts its answer with something else"}
    assert begun.get(mass, "log-probabilities") in said  # type: ignore[arg-type]


def test_an_option_that_cannot_be_read_measures_nothing(tmp_path: Path) -> None:
    def bare(request: Request) -> Completion:
        return replace(reply(request), prefix_logprobs=())

    assert "log-probabilities of a given text" in ended(tmp_path, [RankByLikelihood()], bare)


def test_half_the_verifications_lost_is_no_measurement(tmp_path: Path) -> None:
    """Each lost one would count one half: the answers are there, and the ranking is noise."""

    def flaky(request: Request) -> Completion:
        odd = len(key_of(request)) % 2
        return broken("HTTP 503") if request.role == "verifier" and odd else reply(request)

    said = ended(tmp_path, [BestOfN(n=4, scorer=PTrue())], flaky, tasks=[World(size=12)])
    assert "completions could not be generated" in said
    assert "HTTP 503" in said


def test_a_comparison_allows_for_what_was_not_measured(tmp_path: Path) -> None:
    """The same answers, a fifth of them lost on one side: no difference, and an interval that holds both."""
    tasks = [World(size=40)]
    run_evaluate(tmp_path / "a", [Greedy()], tasks=tasks)

    def some(request: Request) -> Completion:
        number = int(key_of(request).split(" ")[4])
        return broken() if number % 5 == 0 else reply(request)

    run_evaluate(tmp_path / "b", [Greedy()], engine=ScriptedEngine(some), tasks=tasks)
    (found,) = compare(tmp_path / "a", tmp_path / "b")
    wrong = sum(r["correct"] is False and i % 5 == 0 for i, r in enumerate(rows(tmp_path / "a")))
    assert (found.problems, found.difference) == (32, 0)
    assert found.ci_low <= -(8 - wrong) / 40
    assert found.ci_high >= wrong / 40
    assert found.p == 1
