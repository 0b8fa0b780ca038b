"""Scores candidates at random: best-of-n without information, which is as good as one sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from eval.scorers.base import ScorerComponent
from lab.core.seeds import derive_seed
from lab.core.types import Candidate, Plan, Question


class Random(ScorerComponent):
    """A uniform random number in [0, 1), computed from the question's id and the candidate's number."""

    kind: Literal["random"] = "random"
    seed: int = 0
    """Another seed gives other numbers."""
    probability: ClassVar[bool] = False

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Uniform in [0, 1); does not depend on the candidate."""
        lots = (derive_seed("random scorer", self.seed, question.id, i) for i in range(len(candidates)))
        return [lot / 2**63 for lot in lots]
        yield []

    def weight(self, score: float) -> float:
        """The score itself."""
        return score
