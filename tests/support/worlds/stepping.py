"""A model that writes steps and a verifier that scores texts, both written down in a test.

`Story(steps, scores)`: `steps[prefix]` are what is drawn behind a prefix, in the order asked; one that ends
in a newline is a step, any other ends the answer. `scores[text]` is P(Yes) of a text (0.5 if not given).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

from driving import chose, drive, said

from eval.scorers import PTrue
from eval.strategies.search.steps import StepSearch
from lab.core.types import Answer, Completion, Question, Request


def piece(text: str) -> Completion:
    """A step if the text ends in a newline, else the end of an answer; one token a word."""
    return said(text[:-1], stopped="\n") if text.endswith("\n") else said(text)


class Story:
    """A script; everything told must be asked for, and nothing else."""

    def __init__(self, steps: Mapping[str, Any], scores: Mapping[str, float] | None = None):
        self.left = {prefix: list(pieces) for prefix, pieces in steps.items()}
        self.scores = scores or {}

    def __call__(self, request: Request) -> Completion:
        if request.role == "verifier":
            p = self.scores.get(request.messages[-2]["content"], 0.5)
            return chose(Yes=log(p), No=log(1 - p))
        found = self.left[request.prefix].pop(0)
        return piece(found) if isinstance(found, str) else found

    def tell(self, strategy: StepSearch, question: Question) -> tuple[Answer, list[Request]]:
        """The strategy's answer and the policy's requests; p_true scores."""
        answer, asked = drive(strategy.plan(question), self)
        assert not any(self.left.values()), f"not asked for: {self.left}"
        drawn = [r for r in asked if r.role == "policy"]
        assert len({r.index for r in drawn}) == len(drawn), "every request has its own index"
        return answer, drawn


def judged_by_p_true(kind: type[StepSearch], **fields: Any) -> StepSearch:
    """A strategy whose scorer is p_true."""
    return kind(**{"scorer": PTrue()} | fields)
