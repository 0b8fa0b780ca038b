"""Checks for exact equality: right only if the answer is the gold, except for surrounding white space."""

from __future__ import annotations

from typing import Literal

from lab.core.types import Problem, Verdict
from lab.language.echo import heard
from lab.language.extraction.markers import Extract, find_answer, points_at_answer, strip_markup
from lab.language.extraction.own import own_answer
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.gold import gold_texts


class Exact(CheckerComponent):
    """Right if the answer equals the gold exactly."""

    kind: Literal["exact"] = "exact"
    extract: Extract = "auto"
    """Where in the text the answer is; `auto` uses the whole text if nothing marks an answer."""
    marker: str = ""
    """Text that precedes the answer, instead of the built-in ones."""
    ignore_case: bool = False
    """Treat "Paris" and "PARIS" as equal."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with `problem.gold` (text, number, or a list of accepted answers). Unscored without a
        gold.

        A gold may contain characters that are markup elsewhere (quotes, `$x$`, `####`). The unchanged text
        and the unchanged answer place are therefore compared with it, too.
        """
        text = heard(problem, text)
        forms = self._forms(text)
        value = forms[0] if forms else None
        golds = [self._fold(_trimmed(gold)) for gold in gold_texts(problem.gold)]
        if not golds:
            return Verdict(None, value, "the problem has no gold answer")
        if value is None:
            return Verdict(False, None, "no answer found")
        right = any(form in golds for form in forms)
        return Verdict(right, value, "equal" if right else f"not {golds[0][:80]!r}")

    def canonical(self, text: str) -> str | None:
        """The answer without surrounding white space and markup; None if it is empty."""
        forms = self._forms(text)
        return forms[0] if forms else None

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, without a repetition of the question in the text."""
        return self.canonical(heard(problem, text))

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; only then does a text that was cut off have one."""
        return points_at_answer(text, self.marker)

    def _forms(self, text: str) -> list[str]:
        """The answer without markup, the answer as written, and the whole text, without empty ones."""
        found = find_answer(text, self.extract, self.marker)
        if found is None:
            return []
        forms = (strip_markup(found.text), _trimmed(found.text), _trimmed(own_answer(text)))
        return [self._fold(form) for form in dict.fromkeys(forms) if form]

    def _fold(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text


def _trimmed(text: str) -> str:
    return text.strip(" \t\r\n\f\v\ufeff\u200b\u00a0")
