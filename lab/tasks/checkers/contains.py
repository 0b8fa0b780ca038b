"""Checks by substring: right if the words of the gold occur anywhere in the text.

A text that names every candidate is accepted, too. Use it for long answers and specific golds; for short
answers prefer `text`.
"""

from __future__ import annotations

from typing import Literal

from lab.core.types import Problem, Verdict
from lab.language.echo import heard
from lab.language.extraction.own import own_answer
from lab.language.extraction.standing import stands_in
from lab.language.normalise import normalise
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.gold import gold_texts


class Contains(CheckerComponent):
    """Right if the gold or one of its aliases occurs in the text."""

    kind: Literal["contains"] = "contains"
    whole_words: bool = True
    """Match whole words only, so that "cat" is not found in "concatenate"."""
    need: Literal["any", "all"] = "any"
    """Whether one of several golds is enough, or all must occur."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Looks for `problem.gold` (text or list) after the normalisation of the `text` checker."""
        value = self.canonical_for(problem, text)
        golds = [gold for gold in map(normalise, gold_texts(problem.gold)) if gold]
        if not golds:
            return Verdict(None, value, "the gold answer is empty")
        if value is None:
            return Verdict(False, None, "empty answer")
        there = [gold for gold in golds if self._in(gold, value)]
        right = len(there) == len(golds) if self.need == "all" else bool(there)
        return Verdict(
            right, value, f"found {there[0][:80]!r}" if there else f"{golds[0][:80]!r} is not in the answer"
        )

    def canonical(self, text: str) -> str | None:
        """The whole normalised text; None if it is empty."""
        return normalise(own_answer(text)) or None

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, without a repetition of the question in the text."""
        return self.canonical(heard(problem, text))

    def _in(self, gold: str, text: str) -> bool:
        return stands_in(gold, text) if self.whole_words else gold in text
