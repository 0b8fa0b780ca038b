"""Scores candidates by whether they are right: the ceiling of any selection, never a result.

The only scorer that uses the gold. It declares this (`ceiling`), every row with it says so, and the
evaluation loop passes `Question.oracle` to no other scorer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from eval.scorers.base import ScorerComponent
from lab.core.types import Candidate, Plan, Question


class Oracle(ScorerComponent):
    """1 for a right candidate, 0 for a wrong or unscored one. It uses the gold, so results are ceilings."""

    kind: Literal["oracle"] = "oracle"
    ceiling: ClassVar[bool] = True

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Correctness. Raises ValueError if the question has no oracle."""
        if question.oracle is None:
            raise ValueError(
                "the oracle scorer can only be used where the gold is available, which is in ceilings"
            )
        return [question.oracle(c.text) for c in candidates]
        yield []

    def weight(self, score: float) -> float:
        """The score itself."""
        return score
