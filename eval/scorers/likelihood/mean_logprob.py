"""Scores candidates by the mean log-probability of their tokens, which does not depend on the length."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite
from typing import Literal

from eval.scorers.base import ScorerComponent, token_logprobs
from lab.core.types import Candidate, Plan, Question


class MeanLogprob(ScorerComponent):
    """Mean token log-probability (nats); its weight, exp(mean), is the geometric mean token probability."""

    kind: Literal["mean_logprob"] = "mean_logprob"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """Nats per token; -inf for an empty text. Makes no requests, because the samples include their
        log-probabilities.
        """
        return [mean_logprob(c) for c in candidates]
        yield []

    def weight(self, score: float) -> float:
        """exp(score)."""
        return exp(min(score, 0.0))


def mean_logprob(candidate: Candidate) -> float:
    """Mean log-probability of the candidate's tokens in nats; -inf if there are none."""
    logprobs = token_logprobs(candidate)
    return sum(logprobs) / len(logprobs) if logprobs else float("-inf")


def sequence_probability(candidate: Candidate) -> float | None:
    """exp(mean token log-probability), as a confidence; None if the engine returns no log-probabilities."""
    logprobs = candidate.completion.logprobs
    return exp(sum(logprobs) / len(logprobs)) if logprobs and all(map(isfinite, logprobs)) else None
