"""The model rates an answer by a rubric (LLM as a judge; G-Eval, Liu et al. 2023).

Without votes the rating is one token: the expected value of the digits 1 to 9 under the model's
probabilities, which is finer than a single digit. ("10" begins with the token of "1" in many vocabularies, so
one token can distinguish only nine ratings.) With votes the model writes each assessment and rates from 1 to
10; the score is the mean, in which unparsed ratings count one half.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, ask, dialogue
from lab.core.fields import only_with
from lab.core.types import Candidate, Completion, Plan, Question, Request, Sampling
from lab.language.wording import DIGITS, RATE_IT, RUBRIC, expected_rating


class Rubric(ScorerComponent):
    """A rating by the model, scaled to [0, 1]; not a probability of being right."""

    kind: Literal["rubric"] = "rubric"
    rubric: str = ""
    """What a good answer is; empty: the built-in text about correctness."""
    votes: int = Field(default=0, ge=0)
    """Number of written assessments per candidate; 0: no text, only the expected value of one digit."""
    temperature: Annotated[float, only_with("votes")] = Field(default=0.7, ge=0.0)
    """Temperature of written assessments; must be above 0 if there are several, or they would all be equal.
    """
    max_tokens: Annotated[int, only_with("votes")] = Field(default=192, ge=1)
    """Maximum number of tokens of a written assessment."""
    probability: ClassVar[bool] = False

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for several assessments at temperature 0, which would be equal."""
        if self.votes > 1 and self.temperature == 0:
            return [("temperature", "must be above 0 with several votes, because they would all be equal")]
        return []

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """A rating per candidate in [0, 1]; equal texts share their requests."""
        sampling = Sampling(temperature=self.temperature, max_tokens=self.max_tokens)
        instruction = WRITTEN
        if not self.votes:
            sampling = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=DIGITS)
            instruction = RATE_IT
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
        read = written_rating if self.votes else digit_rating
        ratings = [read(c) for c in completions]
        each = max(self.votes, 1)
        return [sum(ratings[i : i + each]) / each for i in range(0, len(ratings), each)]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score


def digit_rating(completion: Completion) -> float:
    """The expected digit as a number in [0, 1]; 0.5 for a failed completion. Raises NumbersError if there are
    no numbers.
    """
    return expected_rating(completion.choices) if completion.drawn else 0.5


def written_rating(completion: Completion) -> float:
    """(rating - 1) / 9 of the last "rating: N" with N from 1 to 10; 0.5 if none can be parsed."""
    found = [int(n) for n in _RATING.findall(completion.text)]
    return (found[-1] - 1) / 9 if found and 1 <= found[-1] <= 10 else 0.5


_RATING = re.compile(r"\brating\W{0,8}(?:is\W{1,4})?(\d{1,4})\b(?!\.\d)", re.IGNORECASE)

WRITTEN = (
    "Rate the answer above. {rubric}\n"
    "Say in short what is right and wrong with it. "
    'End with one line that says "Rating: " and a number from 1 (wrong) to 10 (certainly right).'
)
