"""Agreement: shares of the pool by hand."""

from __future__ import annotations

import pytest
from driving import FAILED, drive, question, said

from eval.estimators.pool import Pool
from eval.scorers.agreement.agreement import Agreement
from eval.scorers.references.length import Length
from eval.strategies import BestOfN, SelfConsistency, WeightedSelfConsistency
from eval.strategies.base import Scored
from lab.core.types import Candidate

Q = question()


def pool(*values: str | None) -> list[Candidate]:
    return [Candidate(said("x"), value) for value in values]


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        (["4", "5", "4", None], [0.5, 0.25, 0.5, 0.0]),
        (["4"], [1.0]),
        ([None, None], [0.0, 0.0]),
        ([], []),
    ],
)
def test_shares_by_hand(values: list[str | None], shares: list[float]) -> None:
    assert drive(Agreement().score(Q, pool(*values)), []) == (shares, [])


@pytest.mark.parametrize(
    "texts", [["5", "4", "4", "5", "3"], ["hm", "4", "5", "5", "4"], ["hm", "hm", "1", "2", "3"]]
)
def test_best_of_n_with_it_is_a_majority_vote(texts: list[str]) -> None:
    best, _ = drive(BestOfN(n=5, scorer=Agreement()).solve(Q), texts)
    voted, _ = drive(SelfConsistency(n=5).solve(Q), texts)
    assert (best.value, best.confidence) == (voted.value, voted.confidence)


@pytest.mark.parametrize("strategy", [BestOfN, WeightedSelfConsistency])
def test_nothing_is_derived_from_a_larger_pools_agreement(strategy: type[Scored]) -> None:
    """With k = 1 there is nothing to agree with, so scores that saw n = 4 must not rank one of k."""
    scored = Pool(("4", "4", "5", "6"), (1.0, 1.0, 0.0, 0.0), (0.5, 0.5, 0.25, 0.25))
    assert strategy(n=4, scorer=Agreement()).estimates(scored) == []
    assert [e.k for e in strategy(n=4, scorer=Length()).estimates(scored)] == [1, 2, 3]


def test_a_lost_candidate_is_no_evidence() -> None:
    best, _ = drive(BestOfN(n=3, scorer=Agreement()).solve(Q), ["4", FAILED, "5"])
    assert [c.score for c in best.candidates] == [0.5, None, 0.5]
