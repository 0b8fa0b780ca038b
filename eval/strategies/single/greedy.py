"""Greedy decoding: the most likely token at every step. The baseline of all other strategies."""

from __future__ import annotations

from typing import Literal

from eval.plans.drawing import draw
from eval.scorers.likelihood.mean_logprob import sequence_probability
from eval.strategies.base import StrategyComponent
from lab.core.types import Answer, Plan, Question


class Greedy(StrategyComponent):
    """One completion at temperature 0.

    Confidence: exp(mean token log-probability), the length-normalised sequence probability (Malinin & Gales
    2021); None if the engine returns no log-probabilities.
    """

    kind: Literal["greedy"] = "greedy"

    def solve(self, question: Question) -> Plan[Answer]:
        """One request."""
        (candidate,) = yield from draw(question, 1, 0.0)
        confidence = sequence_probability(candidate)
        return Answer(candidate.text, candidate.value, confidence, candidates=(candidate,))
