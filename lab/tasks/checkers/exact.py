"""Exact text: right only if the answer is the gold, character for character, white space around it aside."""

from __future__ import annotations

from typing import Literal

from lab.core.component import Component
from lab.core.types import Problem, Verdict
from lab.tasks.checkers.extract import Extract, find_answer, strip_markup
from lab.tasks.checkers.gold import gold_texts


class Exact(Component):
    """Right if the answer equals the gold exactly."""

    kind: Literal["exact"] = "exact"
    extract: Extract = "auto"
    """Where in the text the answer is; `auto` uses the whole text if nothing marks an answer."""
    marker: str = ""
    """Text that precedes the answer, instead of the built-in ones."""
    ignore_case: bool = False
    """Treat "Paris" and "PARIS" as equal."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with `problem.gold` (text, number, or a list of accepted); unscored without a gold."""
        value = self.canonical(text)
        golds = [self._fold(gold.strip()) for gold in gold_texts(problem.gold)]
        if not golds:
            return Verdict(None, value, "the problem has no gold answer")
        if value is None:
            return Verdict(False, None, "no answer found")
        return Verdict(value in golds, value, "equal" if value in golds else f"not {golds[0][:80]!r}")

    def canonical(self, text: str) -> str | None:
        """The answer without surrounding white space and markup; None if it is empty."""
        found = find_answer(text, self.extract, self.marker)
        return None if found is None else self._fold(strip_markup(found.text)) or None

    def _fold(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text
