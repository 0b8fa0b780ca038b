"""Weighted self-consistency: a vote over n samples, each weighted by its scorer's probability.

Weights are `scorer.weight(score)` in [0, 1], never raw logits: with a sum of negative log-probabilities every
further vote would count against an answer.
"""

from __future__ import annotations

from math import comb, inf
from typing import Literal

from eval.estimators.pool import Pool, PoolEstimate, powers
from eval.plans.drawing import draw
from eval.plans.voting import Ballot, vote
from eval.strategies.base import Scored, first_alive, scored_candidates
from lab.core.types import Answer, Plan, Question


class WeightedSelfConsistency(Scored):
    """Vote over the canonical answers of n samples, weighted by their scores; otherwise as self_consistency.

    Confidence: the winner's share of the weight of all parsed answers (0 if nobody voted, None if every
    weight is 0).
    """

    kind: Literal["weighted_self_consistency"] = "weighted_self_consistency"

    def solve(self, question: Question) -> Plan[Answer]:
        """n requests in one batch, then the scorer's requests, then a weighted count."""
        drawn = yield from draw(question, self.n, self.temperature)
        candidates = yield from scored_candidates(self.scorer, question, drawn)
        ballot = vote([c.value for c in candidates], [self._weight(c.score) for c in candidates])
        chosen = first_alive(candidates) if ballot.winner is None else candidates[ballot.winner]
        return Answer(chosen.text, chosen.value, _share(ballot), candidates=candidates)

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """Weighted@k at k = 1, 2, 4, ... < n and at every k that is exact, if scores do not depend on the
        pool.
        """
        from eval.estimators.weighted import ENUMERATE, weighted_at_k

        cheap = {k for k in range(1, self.n) if comb(self.n, k) <= ENUMERATE}
        ks = [k for k in self.derivable if k in cheap.union(powers(self.n))]

        weights = [self._weight(s) for s in pool.scores]
        found = [(k, weighted_at_k(pool.values, pool.correct, weights, k, seed=pool.seed)) for k in ks]
        return [PoolEstimate(self.label, self.scorer_kind, k, value, se) for k, (value, se) in found]

    def _weight(self, score: float | None) -> float:
        return 0.0 if score is None or score == -inf else self.scorer.weight(score)


def _share(ballot: Ballot) -> float | None:
    if ballot.winner is None:
        return 0.0
    return ballot.weight / ballot.total if ballot.total > 0 else None
