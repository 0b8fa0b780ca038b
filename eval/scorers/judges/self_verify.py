"""The model writes a verification of an answer with a verdict, `votes` times.

Generative verification ("let's verify"; Zhang et al. 2024 call it GenRM) without any training: the score is
the fraction of verifications that end in "correct". A verification that failed or has no parsed verdict
counts one half, so that it neither helps nor harms the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, ask, dialogue
from lab.core.types import Candidate, Plan, Question, Request, Sampling
from lab.language.wording import CHECK_IT, read_verdict


class SelfVerify(ScorerComponent):
    """Fraction of written checks by the model whose verdict is "correct"; unparsed verdicts count 0.5."""

    kind: Literal["self_verify"] = "self_verify"
    votes: int = Field(default=1, ge=1)
    """Number of checks per candidate."""
    temperature: float = Field(default=0.7, ge=0.0)
    """Temperature of the checks; must be above 0 if there are several, or they would all be equal."""
    max_tokens: int = Field(default=192, ge=1)
    """Maximum number of tokens of a check."""

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for several verifications at temperature 0, which would be equal."""
        if self.votes > 1 and self.temperature == 0:
            return [("temperature", "must be above 0 with several votes, because they would all be equal")]
        return []

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Mean verdict per candidate in [0, 1]; equal texts share their verifications."""
        sampling = Sampling(temperature=self.temperature, max_tokens=self.max_tokens)
        completions = yield from ask(
            [
                Request(
                    dialogue(question, c.text, CHECK_IT),
                    sampling,
                    "verifier",
                    tag="verify",
                    index=vote,
                    required=False,
                )
                for c in candidates
                for vote in range(self.votes)
            ]
        )
        verdicts = [verdict(c.text) for c in completions]
        rows = [verdicts[i : i + self.votes] for i in range(0, len(verdicts), self.votes)]
        return [sum(row) / self.votes for row in rows]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score


def verdict(text: str) -> float:
    """1 if the last verdict is "correct", 0 for "incorrect", 0.5 if none can be parsed."""
    found = read_verdict(text)
    return 0.5 if found is None else float(found)
