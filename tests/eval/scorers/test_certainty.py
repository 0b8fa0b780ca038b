"""Self-certainty scorers: by hand, and their refusal to guess."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eval_world import SAMPLING
from one_plan import run

from eval.scorers import SelfCertainty, SelfCertaintyBorda
from eval.strategies import BestOfN, WeightedSelfConsistency
from lab.core.types import Candidate, Completion, Question, Usage
from lab.engine.fake.engine import FakeEngine
from lab.errors import NumbersError

QUESTION = Question("q", ({"role": "user", "content": "What is 2 + 2?"},), SAMPLING)


def candidate(*certainty: float, tokens: int | None = None) -> Candidate:
    usage = Usage(5, 0, len(certainty) if tokens is None else tokens)
    return Candidate(Completion("4", "stop", usage, certainty=certainty), "4")


def scores(scorer, *candidates: Candidate) -> list[float]:  # type: ignore[no-untyped-def]
    found: list[float] = run(scorer.score(QUESTION, candidates), FakeEngine())
    return found


def test_the_mean_over_tokens_in_nats() -> None:
    found = scores(SelfCertainty(), candidate(9.0, 12.0), candidate(20.0), candidate())
    assert found == [10.5, 20.0, -float("inf")]
    weights = [SelfCertainty().weight(score) for score in found]
    assert weights == [pytest.approx(10.5 / 20.5), pytest.approx(2 / 3), 0.0]
    assert not SelfCertainty.probability


def test_borda_values_are_of_ranks_and_ties_share_theirs() -> None:
    group = candidate(9.0), candidate(20.0), candidate(9.0), candidate(1.0)
    assert scores(SelfCertaintyBorda(), *group) == pytest.approx([2.5 / 4, 1.0, 2.5 / 4, 1 / 4])
    assert scores(SelfCertaintyBorda(power=0), *group) == [1.0] * 4
    assert scores(SelfCertaintyBorda(power=2), *group)[3] == pytest.approx(1 / 16)


def test_an_engine_without_certainty_is_named() -> None:
    with pytest.raises(NumbersError, match="no certainties of the tokens"):
        scores(SelfCertainty(), candidate(tokens=3))


def test_strategies_with_it_ask_for_certainty_and_borda_gives_no_smaller_pool() -> None:
    assert BestOfN(scorer=SelfCertainty()).certainty
    assert not BestOfN().certainty
    borda = WeightedSelfConsistency(n=8, scorer=SelfCertaintyBorda())
    assert borda.certainty
    assert borda.derivable == []
    assert WeightedSelfConsistency(n=8, scorer=SelfCertainty()).derivable == list(range(1, 8))


def test_the_surest_of_drawn_samples_is_taken() -> None:
    question = replace(QUESTION, sampling=SAMPLING.but(certainty=True))
    answer = run(BestOfN(n=6, scorer=SelfCertainty()).solve(question), FakeEngine())
    means = [sum(c.completion.certainty) / len(c.completion.certainty) for c in answer.candidates]
    assert answer.text == answer.candidates[means.index(max(means))].text
    assert len(set(means)) > 1
