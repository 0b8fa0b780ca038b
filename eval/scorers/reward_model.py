"""Lets a reward model judge each answer: a sequence classifier over the question and the answer.

An outcome reward model (Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems"), one of the
stage's `models` with an engine of kind `classifier`. It reads each candidate once and generates nothing; its
compute is charged at its own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, ask
from lab.core.types import Candidate, Completion, Plan, Question, Request, Sampling


class RewardModel(ScorerComponent):
    """The probability a classifier gives to one of its labels."""

    kind: Literal["reward_model"] = "reward_model"
    label_index: int = Field(default=0, ge=0)
    """Which label's probability is the score: 0 for a model with one output, often 1 where there are two."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """A reward model has to be named."""
        if not self.model:
            yield "model", "name one of the stage's `models`: the policy is no classifier"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """A probability per candidate; 0.5 where that one could not be judged."""
        completions = yield from ask([reward_request(question, c.text) for c in candidates])
        return [self._read(completion) for completion in completions]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score

    def _read(self, completion: Completion) -> float:
        if not completion.drawn:
            return UNJUDGED
        if not completion.scores:
            raise ValueError("the reward model gave no scores: its engine must be of kind 'classifier'")
        if self.label_index >= len(completion.scores):
            raise ValueError(
                f"label_index is {self.label_index}, but the model gave {len(completion.scores)} scores"
            )
        return completion.scores[self.label_index]


def reward_request(question: Question, answer: str) -> Request:
    """The whole conversation, to be judged by a classifier."""
    turn = {"role": "assistant", "content": answer}
    messages = (*question.messages, turn)
    sampling = Sampling(temperature=0.0, max_tokens=1)
    return Request(messages, sampling, "reward", tag="score", required=False)  # type: ignore[arg-type]


UNJUDGED = 0.5
"""Neither for nor against."""
