"""Scores each answer with a reward model: a sequence classifier over the question and the answer.

An outcome reward model (Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems"), one of the
stage's `models` with an engine of kind `classifier`. It reads each candidate once and generates nothing; its
compute is charged at its own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, ask
from lab.core.fields import RewardModelName
from lab.core.types import Candidate, Completion, Plan, Question
from lab.language.judging import label_probability, reward_request


class RewardModel(ScorerComponent):
    """The probability that a classifier gives to one of its labels."""

    kind: Literal["reward_model"] = "reward_model"
    model: RewardModelName = ""
    """Model that is asked: one of the stage's `models`; empty: the model that generated the candidates."""
    label_index: int = Field(default=0, ge=0)
    """Label whose probability is the score: 0 for a model with one output, often 1 for a model with two."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error if no reward model is named."""
        if not self.model:
            yield "model", "name one of the stage's `models`: the answering model cannot be a reward model"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """A probability per candidate; 0.5 if it could not be scored."""
        completions = yield from ask([reward_request(question.messages, c.text) for c in candidates])
        return [self._read(completion) for completion in completions]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score

    def _read(self, completion: Completion) -> float:
        probability = label_probability(completion, self.label_index)
        return UNJUDGED if probability is None else probability


UNJUDGED = 0.5
"""The score if scoring failed."""
