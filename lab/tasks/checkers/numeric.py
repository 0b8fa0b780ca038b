r"""Checks numbers: "The answer is $1,250.00." is 1250.

A number is read exactly, as a fraction, in the forms of lab/language/numbers: thousands and decimals of
several countries, `a/b`, mixed numbers, LaTeX, powers of ten, words. "42", "42.", "42.0" and "$42" have one
canonical form, so they are one answer in a vote. If a marker points at the answer ("answer is", `####`,
`\boxed{}`), the statement there counts; otherwise the last sentence with a number. A sentence with two
numbers, or with one that is not understood, gives no answer (unparsed), never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal

from pydantic import Field

from lab.core.types import Problem, Verdict
from lab.language.echo import heard
from lab.language.extraction.markers import AnswerText, Extract, places, points_at_answer
from lab.language.numbers.answer import read_number
from lab.language.numbers.countries import of_this_country
from lab.language.numbers.numerals import canonical_number
from lab.language.numbers.plain import plain
from lab.language.numbers.quantities import quantities
from lab.language.numbers.statements import NONE, Reading, StatedNumber
from lab.tasks.checkers.base import CheckerComponent


class Numeric(CheckerComponent):
    """Right if the number in the text equals the gold number."""

    kind: Literal["numeric"] = "numeric"
    extract: Extract = "auto"
    """Where in the text the answer is: auto, whole, first_line, last_line, after_marker, boxed or
    last_number.
    """
    marker: str = ""
    """Text that precedes the answer, instead of `####` and "answer is", for `auto` and `after_marker`."""
    relative_tolerance: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Allowed difference relative to the gold; 0 means equal (0.5 = 1/2 = 50e-2)."""
    words: bool = True
    """Read number words such as "three times" or "twice" if the text has no digits."""
    percent: Literal["unit", "fraction"] = "unit"
    """Read "25%" as 25 (`unit`) or as 0.25 (`fraction`), in texts and golds."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with the number in `problem.gold` (int, float or text). Unscored if the gold has no
        number.

        If the gold is a date, the answer must be exactly that date.
        """
        gold, said = self._gold(problem.gold), self._said(heard(problem, text))
        value = None if said is None else _canonical(said)
        if gold is None:
            return Verdict(None, value, f"the gold answer {str(problem.gold)[:80]!r} contains no number")
        if said is None:
            return Verdict(False, None, "no number in the answer, or more than one")
        right = said == gold
        if isinstance(said, Fraction) and isinstance(gold, Fraction):
            right = abs(said - gold) <= Fraction(self.relative_tolerance) * abs(gold)
        return Verdict(right, value, f"{value} {'=' if right else 'is not'} {_canonical(gold)}")

    def canonical(self, text: str) -> str | None:
        """The number in the text in canonical form (`canonical_number`); None if there is none."""
        said = self._said(text)
        return None if said is None else _canonical(said)

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, without a repetition of the question in the text."""
        return self.canonical(heard(problem, text))

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; only then does a text that was cut off have one."""
        return points_at_answer(text, self.marker)

    def gold(self, gold: Any) -> Fraction | None:
        """The exact number of a gold answer: the value itself, or the one number in its text."""
        number = self._gold(gold)
        return number if isinstance(number, Fraction) else None

    def number(self, text: str) -> Fraction | None:
        """The number that the text gives as its answer, exactly; None if there is none."""
        said = self._said(text)
        return said if isinstance(said, Fraction) else None

    def _gold(self, gold: Any) -> Fraction | str | None:
        if isinstance(gold, (list, tuple)):
            gold = gold[0] if gold else ""
        return self._first(places(str(gold), "auto"))

    def _said(self, text: str) -> Fraction | str | None:
        if self.extract == "last_number":
            found = [q.value for q in quantities(plain(next(places(text, "whole")).text[-_LAST:]))]
            return found[-1] if found else None
        read = of_this_country(text)
        return None if read is None else self._first(places(read, self.extract, self.marker))

    def _first(self, found: Iterator[AnswerText]) -> Fraction | str | None:
        """The value of the first place that gives one. A marker without a number is skipped."""
        for place in found:
            reading = read_number(place, self.words)
            if reading is not NONE or place.closed:
                return self._value(reading)
        return None

    def _value(self, reading: Reading) -> Fraction | str | None:
        if not isinstance(reading, StatedNumber):
            return None
        if isinstance(reading.value, Fraction) and reading.percent and self.percent == "fraction":
            return reading.value / 100
        return reading.value


def _canonical(value: Fraction | str) -> str:
    return value if isinstance(value, str) else canonical_number(value)


_LAST = 8000
"""Characters that are read from the end of a text for its last number."""
