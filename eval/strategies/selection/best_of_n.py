"""Best-of-n: sample n answers and select the one with the highest score."""

from __future__ import annotations

from typing import Literal

from eval.estimators.pool import Pool, PoolEstimate
from eval.plans.drawing import draw
from eval.strategies.base import Scored, rank, scored_candidates
from lab.core.types import Answer, Plan, Question


class BestOfN(Scored):
    """The sample with the highest score; ties go to the one sampled first.

    Confidence: the weight of the best sample if that is a probability, else None.
    """

    kind: Literal["best_of_n"] = "best_of_n"

    def solve(self, question: Question) -> Plan[Answer]:
        """n requests in one batch, then the scorer's requests."""
        drawn = yield from draw(question, self.n, self.temperature)
        candidates = yield from scored_candidates(self.scorer, question, drawn)
        alive = [c for c in candidates if c.score is not None]
        best = max(alive, key=rank)
        confidence = self.scorer.weight(rank(best)) if self.scorer.probability else None
        return Answer(best.text, best.value, confidence, candidates=candidates)

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """Best-of-k at every k < n, if the scores do not depend on the complete pool."""
        from eval.estimators.best import best_of_every_k

        ks = self.derivable
        values = best_of_every_k(pool.scores, pool.correct) if ks else []
        return [PoolEstimate(self.label, self.scorer_kind, k, values[k - 1]) for k in ks]
