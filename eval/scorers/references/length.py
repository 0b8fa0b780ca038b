"""Scores candidates by their number of tokens: a baseline for every learned scorer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from eval.scorers.base import ScorerComponent
from lab.core.types import Candidate, Plan, Question


class Length(ScorerComponent):
    """Number of tokens, or its negative. Its weight is not a probability, so it gives no confidence."""

    kind: Literal["length"] = "length"
    prefer: Literal["shorter", "longer"] = "shorter"
    """Which answers get the higher score."""
    probability: ClassVar[bool] = False

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Minus the completion tokens for "shorter", the completion tokens for "longer"."""
        sign = -1.0 if self.prefer == "shorter" else 1.0
        return [sign * c.completion.usage.completion_tokens for c in candidates]
        yield []

    def weight(self, score: float) -> float:
        """1 / (1 + tokens) for "shorter", tokens / (1 + tokens) for "longer"."""
        tokens = abs(score)
        return 1.0 / (1.0 + tokens) if self.prefer == "shorter" else tokens / (1.0 + tokens)
