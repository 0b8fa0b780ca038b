"""n independent samples without selection: the pool for single-sample accuracy and pass@k.

Its answer is its first sample. Its points are "sample" (the expected accuracy of one sample, the mean over
the pool) and "pass@k" (whether any of k is right: the result of a perfect selection, a ceiling).
"""

from __future__ import annotations

from typing import Literal

from eval.estimators.pool import Pool, PoolEstimate
from eval.plans.drawing import draw
from eval.strategies.base import SamplingStrategy, first_alive
from lab.core.types import Answer, Plan, Question


class Sample(SamplingStrategy):
    """n samples, none of which is chosen: they give pass@k. No confidence. (Chen et al. 2021)"""

    kind: Literal["sample"] = "sample"

    @property
    def measured(self) -> bool:
        """Whether its answer is a measured point: only for a single sample; for a larger pool the mean is
        reported.
        """
        return self.n == 1

    def solve(self, question: Question) -> Plan[Answer]:
        """n requests in one batch."""
        candidates = yield from draw(question, self.n, self.temperature)
        first = first_alive(candidates)
        return Answer(first.text, first.value, candidates=candidates)

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """The mean of the pool at k = 1, and pass@k at every k up to n."""
        from eval.estimators.pass_at_k import pass_at_k

        if self.n == 1:
            return []
        right = int(sum(pool.correct))
        curve = "pass@k" if not self.name else f"pass@k[{self.name}]"
        mean = PoolEstimate(self.label, "", 1, right / self.n)
        return [mean] + [
            PoolEstimate(curve, "oracle", k, pass_at_k(self.n, right, k)) for k in range(1, self.n + 1)
        ]
