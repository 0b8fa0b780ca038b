"""Scores candidates by their least probable token."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Literal

from eval.scorers.base import ScorerComponent, token_logprobs
from lab.core.types import Candidate, Plan, Question


class MinLogprob(ScorerComponent):
    """Smallest log-probability of any token (nats); its weight is exp(min), that probability."""

    kind: Literal["min_logprob"] = "min_logprob"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Nats; -inf for an empty text. Makes no requests."""
        return [min(token_logprobs(c), default=float("-inf")) for c in candidates]
        yield []

    def weight(self, score: float) -> float:
        """exp(score)."""
        return exp(min(score, 0.0))
