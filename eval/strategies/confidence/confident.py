"""One answer and how sure its scorer is of it: what the strategies share whose point is a confidence.

A confidence is a scorer applied to one candidate, so every scorer is one. All such strategies draw the same
answer in the same way, so that what differs between them is the confidence alone.
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
    """Base of the strategies that draw one answer and have it scored alone."""

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
        """A scorer that can only compare candidates."""
        if self.scorer.relative:
            message = (
                f"'{self.scorer.kind}' compares several candidates, but here there is "
                "only one; use for example sample_agreement"
            )
            yield "scorer", message

    def scored(self, question: Question, found: Candidate) -> Plan[Candidate]:
        """The candidate with its score; without one where the scorer could not say anything."""
        try:
            (judgement,) = yield from scored_candidates(self.scorer, question, [found])
        except CompletionError:
            return found
        return judgement

    def answered(self, question: Question) -> Plan[Candidate]:
        """The answer with its score. Raises CompletionError when it could not be drawn."""
        (found,) = yield from draw(question, 1, self.temperature)
        return (yield from self.scored(question, found))

    def confidence(self, found: Candidate) -> float | None:
        """The score's weight, whether it is a probability or not; None without a score."""
        return None if found.score is None else self.scorer.weight(found.score)

    def evidence(self, found: Candidate) -> dict[str, Any]:
        """For the trace: the score (None: there is none, or it is infinite), and what its weight is."""
        score = found.score if found.score is not None and isfinite(found.score) else None
        return {"score": score, "probability": self.scorer.probability}

    def study(self, question: Question) -> Plan[Any]:
        """The answer, and what the scorer wants to know of it."""
        found = yield from draw(question, 1, self.temperature)
        return (yield from routed(self.scorer.study(question, found), self.scorer.model))

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """The same strategy with a scorer that has learned."""
        return self.model_copy(update={"scorer": self.scorer.fitted(studies)})
