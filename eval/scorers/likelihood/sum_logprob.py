"""Scores candidates by the log-probability of the complete text: the choice of maximum likelihood.

It favours short texts; `mean_logprob` does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Literal

from eval.scorers.base import ScorerComponent, token_logprobs
from lab.core.types import Candidate, Plan, Question


class SumLogprob(ScorerComponent):
    """Sum of token log-probabilities (nats); its weight is exp(sum), the probability of the text."""

    kind: Literal["sum_logprob"] = "sum_logprob"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Nats; -inf for an empty text, which must not win. Makes no requests."""
        return [sum(token_logprobs(c)) if token_logprobs(c) else float("-inf") for c in candidates]
        yield []

    def weight(self, score: float) -> float:
        """exp(score); underflows to 0 below -745 nats."""
        return exp(min(score, 0.0))
