"""Asks the model how likely its answer is right, and parses the percentage in its reply.

Lin et al. 2022 ("Teaching Models to Express Their Uncertainty in Words"); asked in a separate turn after the
answer, as in Tian et al. 2023 ("Just Ask for Calibration", "Verb. 2S"). A reply without a parsed percentage
counts 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, ask, dialogue
from lab.core.types import Candidate, Plan, Question, Request, Sampling
from lab.language.wording import HOW_SURE, read_percentage


class Verbalized(ScorerComponent):
    """The probability of being right that the model states; one greedy reply per candidate (or per equal
    text).
    """

    kind: Literal["verbalized"] = "verbalized"
    max_tokens: int = Field(default=16, ge=1)
    """Maximum number of tokens of the reply."""

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """In [0, 1]; 0.5 if the reply failed or could not be parsed."""
        sampling = Sampling(temperature=0.0, max_tokens=self.max_tokens)
        completions = yield from ask(
            [
                Request(
                    dialogue(question, c.text, HOW_SURE),
                    sampling,
                    "verifier",
                    tag="confidence",
                    required=False,
                )
                for c in candidates
            ]
        )
        stated = [read_percentage(c.text) if c.drawn else None for c in completions]
        return [UNREADABLE if sure is None else sure for sure in stated]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score


UNREADABLE = 0.5
"""The score if there is no percentage."""
