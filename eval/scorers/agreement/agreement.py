"""Scores candidates by how many of the pool give the same answer: self-consistency as a score.

It makes no requests, because it only uses the pool. Best-of-n with it is a majority vote; it is meant as a
confidence, and as a member of an ensemble.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from eval.scorers.base import ScorerComponent
from lab.core.types import Candidate, Plan, Question


class Agreement(ScorerComponent):
    """Share of the candidates in the pool that have the same canonical answer; 0 without an answer."""

    kind: Literal["agreement"] = "agreement"
    relative: ClassVar[bool] = True

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """In [0, 1]; the only candidate of a pool gets 1."""
        votes = Counter(c.value for c in candidates if c.value is not None)
        return [0.0 if c.value is None else votes[c.value] / len(candidates) for c in candidates]
        yield []

    def weight(self, score: float) -> float:
        """The score itself."""
        return score
