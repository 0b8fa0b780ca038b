"""Scores candidates by how far the model's predictions were from uniform while it generated them.

Kang, Zhao and Song 2025, "Scalable Best-of-N Selection for Large Language Models via Self-Certainty": the
mean over tokens of KL(uniform || p), where p is the complete distribution from which the token was sampled.
It needs no verifier and no further compute. The authors combine it with votes by Borda voting:
weighted_self_consistency with `self_certainty_borda`, in which a vote is weighted by the candidate's rank
among the N.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from eval.scorers.base import ScorerComponent, per_token
from lab.core.types import Candidate, Plan, Question


class SelfCertainty(ScorerComponent):
    """Mean self-certainty of the tokens (nats), higher is more certain; its weight is s / (s + 10).

    The weight only maps the score to [0, 1] (one half at HALF nats); it is not a probability.
    """

    kind: Literal["self_certainty"] = "self_certainty"
    certainty: ClassVar[bool] = True
    probability: ClassVar[bool] = False

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Nats per token; -inf for an empty text. Makes no requests, because the samples include the
        values.
        """
        return [mean_certainty(c) for c in candidates]
        yield []

    def weight(self, score: float) -> float:
        """score / (score + 10); 0 for an empty text."""
        return score / (score + HALF) if score > 0 else 0.0


class SelfCertaintyBorda(ScorerComponent):
    """Borda value of a candidate's rank by self-certainty: ((N - rank + 1) / N)^power; ties share a rank."""

    kind: Literal["self_certainty_borda"] = "self_certainty_borda"
    certainty: ClassVar[bool] = True
    probability: ClassVar[bool] = False
    relative: ClassVar[bool] = True
    power: float = Field(default=1.0, ge=0.0)
    """0 counts every vote equally, a large value only the most certain ones; the paper chooses it with N."""

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """In (0, 1], 1 for the most certain candidate."""
        found = [mean_certainty(c) for c in candidates]
        return [(_beaten(value, found) / len(found)) ** self.power for value in found]
        yield []

    def weight(self, score: float) -> float:
        """The score itself."""
        return score


def mean_certainty(candidate: Candidate) -> float:
    """Mean self-certainty of the candidate's tokens in nats; -inf if there are none.

    Raises NumbersError if tokens were generated but the engine returned no certainty.
    """
    values = per_token(
        candidate.completion, "certainty", "certainties of the tokens (servers never return them)"
    )
    return sum(values) / len(values) if values else float("-inf")


def _beaten(value: float, values: Sequence[float]) -> float:
    """N - rank + 1: the number of candidates that are at most as certain; equal ones share the mean of their
    ranks.
    """
    below, equal = sum(v < value for v in values), sum(v == value for v in values)
    return below + (equal + 1) / 2


HALF = 10.0
"""The score in nats at which the weight is one half; SmolLM2-135M's samples are around it."""
