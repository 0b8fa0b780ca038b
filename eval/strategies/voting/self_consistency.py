"""Self-consistency: sample n answers and give the most frequent one (Wang et al. 2023)."""

from __future__ import annotations

from typing import Literal

from eval.estimators.pool import Pool, PoolEstimate, powers
from eval.plans.drawing import draw
from eval.plans.voting import vote
from eval.strategies.base import SamplingStrategy, first_alive
from lab.core.types import Answer, Plan, Question


class SelfConsistency(SamplingStrategy):
    """Majority vote over the canonical answers of n samples.

    Unparsed answers cast no vote; ties go to the answer sampled first; if nothing is parsed, the value is
    None. Confidence: the winner's votes divided by n, so that unparsed samples lower it.
    """

    kind: Literal["self_consistency"] = "self_consistency"

    def solve(self, question: Question) -> Plan[Answer]:
        """n requests in one batch, then a count."""
        candidates = yield from draw(question, self.n, self.temperature)
        ballot = vote([c.value for c in candidates], [1.0] * len(candidates))
        chosen = first_alive(candidates) if ballot.winner is None else candidates[ballot.winner]
        return Answer(chosen.text, chosen.value, ballot.weight / len(candidates), candidates=candidates)

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """Majority@k at every k < n; beyond 256 samples over random subsets at k = 1, 2, 4, ... < n."""
        from eval.estimators.majority import EXACT_UP_TO, majority_at_k
        from eval.estimators.weighted import weighted_at_k

        if self.n > EXACT_UP_TO:
            ks = powers(self.n)
            ones = [1.0] * self.n
            pairs = [weighted_at_k(pool.values, pool.correct, ones, k, seed=pool.seed) for k in ks]
            return [PoolEstimate(self.label, "", k, v, se) for k, (v, se) in zip(ks, pairs, strict=True)]
        ks = list(range(1, self.n))
        values = majority_at_k(pool.values, pool.correct, ks)
        return [PoolEstimate(self.label, "", k, v) for k, v in zip(ks, values, strict=True)]
