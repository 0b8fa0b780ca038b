"""The base of strategies that give one answer with a scorer's confidence in it.

A confidence is a scorer applied to one candidate, so every scorer can be one. All such strategies generate
the same answer in the same way, so that they differ only in the confidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any, Self

from pydantic import Field

from eval.learning.study import LearningStudy
from eval.plans.drawing import draw
from eval.plans.routing import routed
from eval.scorers import Scorer
from eval.scorers.likelihood.mean_logprob import MeanLogprob
from eval.strategies.base import StrategyComponent, scored_candidates
from lab.core.types import Candidate, Plan, Question
from lab.errors import CompletionError


class Confident(StrategyComponent):
    """Base of the strategies that generate one answer and score it alone."""

    scorer: Scorer = MeanLogprob()
    """The scorer whose `weight`, in [0, 1], is the confidence."""
    temperature: float | None = Field(default=0.0, ge=0.0)
    """Temperature of the answer; 0 is greedy, empty uses the stage's (then it is sample 0 of the common
    pool).
    """

    @property
    def curve(self) -> str:
        """The kind with the scorer in brackets."""
        return self.name or f"{self.kind}[{self.scorer.label}]"

    @property
    def scorer_kind(self) -> str:
        """The scorer's label."""
        return self.scorer.label

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for a scorer that can only compare candidates."""
        if self.scorer.relative:
            message = (
                f"'{self.scorer.kind}' compares several candidates, but here there is "
                "only one; use for example sample_agreement"
            )
            yield "scorer", message

    def scored(self, question: Question, found: Candidate) -> Plan[Candidate]:
        """The candidate with its score; without one if the scorer has no result."""
        try:
            (judgement,) = yield from scored_candidates(self.scorer, question, [found])
        except CompletionError:
            return found
        return judgement

    def answered(self, question: Question) -> Plan[Candidate]:
        """The answer with its score. Raises CompletionError if it could not be generated."""
        (found,) = yield from draw(question, 1, self.temperature)
        return (yield from self.scored(question, found))

    def confidence(self, found: Candidate) -> float | None:
        """The score's weight, even if it is not a probability; None without a score."""
        return None if found.score is None else self.scorer.weight(found.score)

    def evidence(self, found: Candidate) -> dict[str, Any]:
        """For the trace: the score (None if there is none or it is infinite), and the meaning of its
        weight.
        """
        score = found.score if found.score is not None and isfinite(found.score) else None
        return {"score": score, "probability": self.scorer.probability}

    def study(self, question: Question) -> Plan[Any]:
        """The answer, and what the scorer needs to know about it."""
        found = yield from draw(question, 1, self.temperature)
        return (yield from routed(self.scorer.study(question, found), self.scorer.model))

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """The same strategy with a scorer that has learned."""
        return self.model_copy(update={"scorer": self.scorer.fitted(studies)})
