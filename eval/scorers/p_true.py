"""Asks the model whether an answer is right and reads the probability of "Yes" off one token.

P(True) of Kadavath et al. 2022 ("Language Models (Mostly) Know What They Know"), in chat form: the
question, the answer as the assistant's turn, then IS_IT_RIGHT. One verifier token per candidate;
equal answers make equal requests, which the bank draws once.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isnan
from typing import Literal

from eval.scorers.base import ScorerComponent, ask, dialogue
from lab.core.types import Candidate, Completion, Plan, Question, Request, Sampling
from lab.core.wording import IS_IT_RIGHT, NO, YES


class PTrue(ScorerComponent):
    """P(Yes) / (P(Yes) + P(No)) of the first token after being asked whether the answer is correct."""

    kind: Literal["p_true"] = "p_true"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """A probability per candidate; 0.5 where that one verification failed."""
        sampling = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=(YES, NO))
        completions = yield from ask(
            [
                Request(
                    dialogue(question, c.text, IS_IT_RIGHT),
                    sampling,
                    "verifier",
                    tag="verify",
                    required=False,
                )
                for c in candidates
            ]
        )
        return [_probability(completion) for completion in completions]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score


def _probability(completion: Completion) -> float:
    """P(Yes) among Yes and No from their log-probabilities over the whole vocabulary."""
    if not completion.drawn:
        return 0.5
    if not {YES, NO} <= completion.choices.keys():
        raise ValueError("the engine returned no log-probabilities of 'Yes' and 'No', which p_true needs")
    odds = completion.choices[NO] - completion.choices[YES]
    if odds > 700:  # exp would overflow
        return 0.0
    if isnan(odds):  # both impossible: -inf minus -inf
        return 0.5
    return 1.0 / (1.0 + exp(odds))
