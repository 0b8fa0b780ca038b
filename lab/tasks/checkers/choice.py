r"""Checks multiple choice: the letter that a text chooses, or the words of one option.

The letter at the last marker counts ("Answer: B", `\\boxed{B}`). A text without a marker may begin with its
letter or conclude with one (lab/language/extraction/letters.py). The number of letters is the number of
options of the problem, if it lists them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lab.core.types import Problem, Verdict
from lab.language.echo import heard
from lab.language.extraction.letters import leading, only, settled_on
from lab.language.extraction.markers import AnswerText, Extract, places, points_at_answer, strip_markup
from lab.language.extraction.sentences import core
from lab.language.normalise import normalise
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.gold import gold_texts

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Choice(CheckerComponent):
    """Right if the text's letter is the gold letter."""

    kind: Literal["choice"] = "choice"
    letters: str = Field(default=LETTERS, min_length=2, pattern=r"^[A-Z]+$")
    """Letters that name the options, if a problem does not say which it has."""
    extract: Extract = "auto"
    """Where in the text the answer is."""
    marker: str = ""
    """Text that precedes the answer, instead of the built-in ones."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with the letter in `problem.gold` ("B", "(b)"). Unscored if the gold is not a letter."""
        letters = self._letters(problem)
        value = self.canonical_for(problem, text)
        golds = [g.strip(" ().:").upper() for g in gold_texts(problem.gold)]
        if not golds or any(len(g) != 1 or g not in letters for g in golds):
            return Verdict(None, value, f"the gold answer {str(problem.gold)[:40]!r} is not one of {letters}")
        if value is None:
            return Verdict(False, None, "the answer names no option, or more than one")
        return Verdict(value in golds, value, f"{value}, but the right option is {golds[0]}")

    def canonical(self, text: str) -> str | None:
        """The letter in upper case; None if the text names none, or several."""
        return self._read(text, self.letters)

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, with as many letters as the problem has options. An option may also be named by its
        text.
        """
        text, letters = heard(problem, text), self._letters(problem)
        return self._read(text, letters) or self._in_words(text, problem, letters)

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; only then does a text that was cut off have one."""
        return points_at_answer(text, self.marker)

    def _letters(self, problem: Problem) -> str:
        """The letters of this problem's options."""
        return "".join(problem.meta.get("option_labels") or ()) or self.letters

    def _read(self, text: str, letters: str) -> str | None:
        """The letter at the first place that names one; None if a place names two."""
        for place in places(text, self.extract, self.marker):
            found = _at(place, letters)
            if found is not None:
                return found or None
        return None

    def _in_words(self, text: str, problem: Problem, letters: str) -> str | None:
        """The letter of the one option whose text is the answer."""
        options = [normalise(str(option)) for option in problem.meta.get("options") or ()]
        if not options:
            return None
        place = next(places(text, self.extract, self.marker), None)
        lines = place.text[:_LONGEST].strip().splitlines() if place else []
        said = (
            {normalise(form) for form in (strip_markup(lines[0]), core(strip_markup(lines[0])))}
            if lines
            else set()
        )
        named = [
            letter for letter, option in zip(letters, options, strict=False) if option and option in said
        ]
        return named[0] if len(named) == 1 else None


def _at(place: AnswerText, letters: str) -> str | None:
    """The letter at a place; "" if there is no single letter, None if there is none at all."""
    text = strip_markup(place.text[:_LONGEST])
    if not place.marked:
        return settled_on(text, letters) or ""
    first = leading(text, letters)
    return first if first is not None else only(text.splitlines()[0], letters) if text else None


_LONGEST = 4000
