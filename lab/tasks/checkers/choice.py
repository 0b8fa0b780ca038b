"""Multiple choice: the letter a text settles on.

A letter counts where it cannot be a word: alone, in brackets, before ")" "." or ":", or right after
"answer is" / "option". "A cat sat" names no option.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.types import Problem, Verdict
from lab.tasks.checkers.extract import Extract, find_answer, strip_markup
from lab.tasks.checkers.gold import gold_texts


class Choice(Component):
    """Right if the text's letter is the gold letter."""

    kind: Literal["choice"] = "choice"
    letters: str = Field(default="ABCDEFGHIJ", min_length=2, pattern=r"^[A-Z]+$")
    """Letters that name the options; a problem with more options uses further letters."""
    extract: Extract = "auto"
    """Where in the text the answer is."""
    marker: str = ""
    """Text that precedes the answer, instead of the built-in ones."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with the letter in `problem.gold` ("B", "(b)"); unscored if that is no letter."""
        letters = self._letters(problem)
        value = self.canonical_for(problem, text)
        golds = [g.strip(" ().:").upper() for g in gold_texts(problem.gold)]
        if not golds or any(len(g) != 1 or g not in letters for g in golds):
            return Verdict(None, value, f"the gold answer {str(problem.gold)[:40]!r} is not one of {letters}")
        if value is None:
            return Verdict(False, None, "the answer names no option")
        return Verdict(value in golds, value, f"{value}, but the right option is {golds[0]}")

    def canonical(self, text: str) -> str | None:
        """The letter in upper case: the first behind a marker, else the last one named; or None."""
        return self._read(text, self.letters)

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """The same, with as many letters as the problem has options."""
        return self._read(text, self._letters(problem))

    def _letters(self, problem: Problem) -> str:
        """Which letters name an option of this problem."""
        labels = "".join(problem.meta.get("option_labels") or ())
        return labels if len(labels) > len(self.letters) else self.letters

    def _read(self, text: str, letters: str) -> str | None:
        found = find_answer(text, self.extract, self.marker)
        if found is None:
            return None
        bare = strip_markup(found.text).strip(" ().:")
        if len(bare) == 1 and bare.upper() in letters:
            return bare.upper()
        if found.marked and (first := _leading(letters).match(found.text)):
            return str(first.group(1)).strip("(").upper()
        named = [next(filter(None, m.groups())) for m in _named(letters).finditer(found.text)]
        return (named[0] if found.marked else named[-1]).upper() if named else None


def _leading(letters: str) -> re.Pattern[str]:
    """A letter right behind the marker: " B because", " (b)"; bare only in upper case, not "A cat"."""
    return re.compile(
        rf"[\s*\"'`:]*(?:the\s)?(?:option\s|choice\s|letter\s)?"
        rf"(\((?:[{letters}{letters.lower()}])(?=\))|[{letters}](?![\w'’])(?!\s[a-z]+\s[a-z]))"
    )


def _named(letters: str) -> re.Pattern[str]:
    return re.compile(
        rf"\(([{letters}{letters.lower()}])\)"
        rf"|(?<![\w.'’])([{letters}])(?=[).:](?:\s|\*|$))"
        rf"|\*\*([{letters}])\*\*"
        rf"|\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer)\s+([{letters}])(?!\w)"
    )
