"""Asks the model whether an answer is right, and uses the probability of "Yes" at one token.

P(True) of Kadavath et al. 2022 "Language Models (Mostly) Know What They Know", in chat form: the question,
the answer as the assistant's turn, then IS_IT_RIGHT. One verifier token per candidate; equal answers make
equal requests, which the bank serves. With `shown` the model first sees other answers of its own (their
section 3.2, "brainstormed ideas"); then the prompt is one user turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from eval.plans.drawing import sample_requests
from eval.plans.routing import routed
from eval.plans.turns import about, asked, clipped
from eval.scorers.base import ScorerComponent, ask, dialogue, yes_or_no, yes_probability
from lab.core.fields import only_with
from lab.core.types import Candidate, Messages, Plan, Question
from lab.language.wording import IS_IT_RIGHT


class PTrue(ScorerComponent):
    """Asks whether the answer is correct: P(Yes) / (P(Yes) + P(No)) of the first token of the reply."""

    kind: Literal["p_true"] = "p_true"
    shown: int = Field(default=0, ge=0)
    """Number of samples that are shown before the answer (5 in the paper); 0: none."""
    temperature: Annotated[float | None, only_with("shown")] = Field(default=None, ge=0.0)
    """Temperature of the samples shown; empty: the stage's. Only used with `shown`."""
    max_shown: Annotated[int, only_with("shown")] = Field(default=300, ge=16)
    """With `shown`: maximum number of characters of a sample or answer; of longer ones, beginning and end are
    shown.
    """

    @property
    def draws(self) -> int:
        """The number of samples to show."""
        return self.shown

    @property
    def label(self) -> str:
        """The kind, the number of samples shown, and the model if it is not the policy."""
        return "".join((self.kind, f"+{self.shown}" if self.shown else "", self.model and f":{self.model}"))

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for several samples that would be equal."""
        if self.temperature == 0 and self.shown > 1:
            yield "temperature", f"must be above 0, because all {self.shown} samples would be equal"

    def plan(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """`score`, with only the verification sent to `model`: samples shown come from the answering
        model.
        """
        return self.score(question, candidates)

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """A probability per candidate; 0.5 if its verification failed."""
        ideas: list[str] = []
        if self.shown:
            drawn = yield from ask(sample_requests(question, self.shown, self.temperature))
            ideas = [clipped(c.text, self.max_shown) for c in drawn if c.drawn]
        requests = [yes_or_no(self._prompt(question, c.text, ideas)) for c in candidates]
        completions = yield from routed(ask(requests), self.model)
        return [yes_probability(completion) for completion in completions]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score

    def _prompt(self, question: Question, answer: str, ideas: Sequence[str]) -> Messages:
        """The prompt: the plain dialogue if there are no samples to show."""
        if not ideas:
            return dialogue(question, answer, IS_IT_RIGHT)
        said = "\n".join(f"- {idea}" for idea in ideas)
        shown = BRAINSTORMED.format(
            question=asked(question), ideas=said, answer=clipped(answer, self.max_shown)
        )
        return about(question, f"{shown}\n\n{IS_IT_RIGHT}")


BRAINSTORMED = (
    "Question:\n{question}\n\nHere are some brainstormed ideas:\n{ideas}\n\nPossible answer:\n{answer}"
)
"""After Kadavath et al. 2022, section 3.2, where "Is the possible answer: (A) True (B) False" follows."""
