"""Self-consistency that stops when the vote is decided (Aggarwal et al. 2023; Li et al. 2024).

Samples come in windows, in the order of the common pool. The rule "beta" stops if the leading answer would
finally beat the second one with probability `threshold`, given the votes so far and a uniform prior: the
integral of Beta(v1 + 1, v2 + 1) from one half to one. The rule "window" (early-stopping self-consistency)
stops if a complete window agrees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb
from typing import Annotated, Literal

from pydantic import Field

from eval.estimators.pool import Pool, PoolEstimate
from eval.plans.drawing import candidate, sample_requests, some_drawn
from eval.plans.voting import vote
from eval.strategies.base import SamplingStrategy, first_alive
from lab.core.fields import only_with
from lab.core.types import Answer, Candidate, Plan, Question


class AdaptiveConsistency(SamplingStrategy):
    """Majority vote that stops early, after at most n samples; unparsed answers cast no vote.

    Confidence: the winner's votes divided by the number of samples.
    """

    kind: Literal["adaptive_consistency"] = "adaptive_consistency"
    rule: Literal["beta", "window"] = "beta"
    """When to stop: the lead of the first answer is certain enough (beta), or one window is unanimous."""
    threshold: Annotated[float, only_with("rule", "beta")] = Field(default=0.95, gt=0.5, lt=1)
    """For the rule beta: probability that the leader stays ahead."""
    window: int = Field(default=4, ge=1)
    """Samples generated at a time; 1 as in Aggarwal et al.; larger windows use the engine better."""

    @property
    def curve(self) -> str:
        """The kind, with the rule if it is not beta."""
        return self.name or (self.kind if self.rule == "beta" else f"{self.kind}[{self.rule}]")

    @property
    def measured_per_size(self) -> bool:
        """Each n is measured on its own, because the number of samples depends on their order."""
        return True

    def solve(self, question: Question) -> Plan[Answer]:
        """One window after the other."""
        pool: list[Candidate] = []
        stopped = "n"
        while len(pool) < self.n:
            wanted = min(self.window, self.n - len(pool))
            completions = yield sample_requests(question, wanted, self.temperature, start=len(pool))
            drawn = [candidate(question, c) for c in completions if c.finish_reason != "budget"]
            pool += drawn
            if len(drawn) < wanted:
                stopped = "budget"
                break
            if self._decided(pool, drawn):
                stopped = self.rule
                break
        some_drawn([c.completion for c in pool])
        return self._answer(pool, stopped)

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """None, because a pool after early stopping is not a random one."""
        return []

    def _decided(self, pool: Sequence[Candidate], last: Sequence[Candidate]) -> bool:
        if self.rule == "window":
            values = {c.value for c in last}
            return len(last) == self.window and len(values) == 1 and None not in values
        votes = Counter(c.value for c in pool if c.value is not None)
        first, second = ([count for _, count in votes.most_common(2)] + [0, 0])[:2]
        return lead(first, second) >= self.threshold

    def _answer(self, pool: Sequence[Candidate], stopped: str) -> Answer:
        ballot = vote([c.value for c in pool], [1.0] * len(pool))
        chosen = first_alive(pool) if ballot.winner is None else pool[ballot.winner]
        trace = {"samples": len(pool), "stopped": stopped}
        return Answer(
            chosen.text, chosen.value, ballot.weight / len(pool), candidates=tuple(pool), trace=trace
        )


def lead(first: int, second: int) -> float:
    """P(p > 1/2) for p ~ Beta(first + 1, second + 1): the probability that the leading answer stays ahead.

    Equal to P(X <= first) for X binomial with first + second + 1 fair trials, which is exact in integers.
    """
    trials = first + second + 1
    return float(sum(comb(trials, i) for i in range(first + 1)) / 2**trials)
