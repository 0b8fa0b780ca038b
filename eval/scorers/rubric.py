"""Has the model rate an answer against a rubric (LLM as a judge; G-Eval, Liu et al. 2023).

Without votes the rating is one token: the expected value of the digits 1 to 9 under the model's
probabilities, which is finer than any digit it would say. ("10" begins with the token of "1" in many
vocabularies, so one token can only tell nine ratings apart.) With votes the model writes out each assessment
and rates from 1 to 10; the mean counts, and what cannot be read counts one half.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import exp, inf
from typing import ClassVar, Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, ask, dialogue
from lab.core.types import Candidate, Completion, Plan, Question, Request, Sampling


class Rubric(ScorerComponent):
    """A rating in [0, 1], from the lowest to the highest on the scale; not a probability of being right."""

    kind: Literal["rubric"] = "rubric"
    rubric: str = ""
    """What a good answer is; empty: the built-in text about correctness."""
    votes: int = Field(default=0, ge=0)
    """Written assessments per candidate; 0: one token, the expected digit."""
    temperature: float = Field(default=0.7, ge=0.0)
    """Temperature of written assessments; above 0 when there are several, or they are all the same."""
    max_tokens: int = Field(default=192, ge=1)
    """Longest written assessment."""
    probability: ClassVar[bool] = False

    def faults(self) -> Sequence[tuple[str, str]]:
        """Several assessments at temperature 0 are one."""
        if self.votes > 1 and self.temperature == 0:
            return [("temperature", "must be above 0 with several votes: they would all be equal")]
        return []

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """A rating per candidate in [0, 1]; equal texts share their requests."""
        sampling = Sampling(temperature=self.temperature, max_tokens=self.max_tokens)
        instruction = WRITTEN
        if not self.votes:
            sampling = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=DIGITS)
            instruction = SHORT
        instruction = instruction.format(rubric=self.rubric or RUBRIC)
        requests = [
            Request(
                dialogue(question, c.text, instruction),
                sampling,
                "verifier",
                tag="rate",
                index=vote,
                required=False,
            )
            for c in candidates
            for vote in range(max(self.votes, 1))
        ]
        completions = yield from ask(requests)
        read = written_rating if self.votes else expected_rating
        ratings = [read(c) for c in completions]
        each = max(self.votes, 1)
        return [sum(ratings[i : i + each]) / each for i in range(0, len(ratings), each)]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score


def expected_rating(completion: Completion) -> float:
    """(E[digit] - 1) / 8 over the digits that the engine reports; 0.5 for a lost completion.

    Raises ValueError when the engine reports none.
    """
    if not completion.drawn:
        return 0.5
    logprobs = {int(d): completion.choices[d] for d in DIGITS if d in completion.choices}
    if not logprobs:
        raise ValueError("the engine returned no log-probabilities of the digits, which rubric needs")
    top = max(logprobs.values())
    if top == -inf:
        return 0.5
    weights = {digit: exp(logprob - top) for digit, logprob in logprobs.items()}
    mean = sum(digit * w for digit, w in weights.items()) / sum(weights.values())
    return (mean - 1) / 8


def written_rating(completion: Completion) -> float:
    """(rating - 1) / 9 of the last "rating: N" with N from 1 to 10; 0.5 when none can be read."""
    found = [int(n) for n in _RATING.findall(completion.text)]
    return (found[-1] - 1) / 9 if found and 1 <= found[-1] <= 10 else 0.5


DIGITS = tuple("123456789")

_RATING = re.compile(r"\brating\W{0,8}(?:is\W{1,4})?(\d{1,4})\b(?!\.\d)", re.IGNORECASE)

RUBRIC = (
    "A good answer understands the question, makes no mistake in any step, "
    "and ends with the right final answer."
)

SHORT = "Rate the answer above. {rubric}\nReply with one digit from 1 (wrong) to 9 (certainly right)."

WRITTEN = (
    "Rate the answer above. {rubric}\n"
    "Say in short what is right and wrong with it. "
    'End with one line that says "Rating: " and a number from 1 (wrong) to 10 (certainly right).'
)
