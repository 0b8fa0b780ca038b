r"""Extracts the mathematical expression that a text gives as its answer, for math-verify to parse.

A number with a unit, a currency or thousands separators is reduced to the number by the number readers, which
know more forms than math-verify ("1 1/4", "12.50 dollars", `\$32{,}348`). Everything else (intervals,
equations, sets, matrices, names) is returned as written, in LaTeX or arithmetic. Nothing is evaluated here,
and expressions that would grow without bound are refused.
"""

from __future__ import annotations

import re
from fractions import Fraction

from lab.language.extraction.markers import AnswerText, places, strip_markup
from lab.language.extraction.sentences import first_sentence
from lab.language.numbers.numerals import canonical_number
from lab.language.numbers.statements import NONE, Reading, StatedNumber, stated


def expression(text: str) -> str | None:
    """The expression that a model's text gives as its answer; None if it gives none."""
    for place in places(text, "auto"):
        found = _of_place(place)
        if found is not None:
            return found or None
    return None


def gold_expression(gold: str) -> str:
    """The expression of a gold answer: a number without its unit, else the text as written."""
    return _read(next((place.text for place in places(gold, "boxed")), gold))


def too_large(written: str) -> bool:
    """Whether an expression is too long or would grow without bound: towers of powers, huge factorials."""
    return len(written) > _MOST or bool(_TOWER.search(written) or _HUGE.search(written))


def _of_place(place: AnswerText) -> str | None:
    """The expression at a place; "" if it cannot be read, None if there is none."""
    if place.closed:
        return _read(place.text)
    text = place.text[:_LONGEST].strip() if place.marked else place.text[-_LONGEST:].strip()
    shown = list(_DISPLAYED.finditer(text))
    if place.marked:
        return _behind_marker(text)
    if shown:
        return _read(next(filter(None, shown[-1].groups())))
    if len(text.splitlines()) == 1 and not _PROSE.search(text) and len(text) <= _SHORT:
        return _read(text)
    return _value(stated(text, marked=False))


def _behind_marker(text: str) -> str | None:
    """What follows a marker that does not say where the answer ends: a formula, a number or a few words."""
    text = text.lstrip(":* \n")
    if match := _DISPLAYED.match(text):
        return _read(next(filter(None, match.groups())))
    line = text.splitlines()[0] if text else ""
    if _PROSE.search(line) and (reading := stated(line, marked=True)) is not NONE:
        return _value(reading) or ""
    if match := _DISPLAYED.search(line):
        return _read(next(filter(None, match.groups())))
    sentence = first_sentence(line).strip()
    return _read(sentence) if len(sentence.split()) <= _WORDS else None


def _read(text: str) -> str:
    """The number alone, or the expression as written; "" if it has no single value (a time, a base)."""
    text = strip_markup(text).rstrip(".").strip()
    if not _ALGEBRA.search(text) and (value := _value(stated(text, marked=True, words=False))):
        return value
    return "" if _NO_VALUE.search(text) else _OR.sub(", ", text)


def _value(reading: Reading) -> str | None:
    """The canonical form of a number; None for a percentage, a date, or anything else."""
    if isinstance(reading, StatedNumber) and isinstance(reading.value, Fraction) and not reading.percent:
        return canonical_number(reading.value)
    return None


_MOST, _LONGEST, _SHORT, _WORDS = 8000, 2000, 80, 8
_DISPLAYED = re.compile(
    r"\$\$([^$]{1,800})\$\$|(?<![\\\d])\$([^$\n]{1,800}?)(?<!\\)\$|\\\[(.{1,800}?)\\\]|\\\((.{1,800}?)\\\)",
    re.DOTALL,
)
_PROSE = re.compile(r"(?<!\\)(?<![A-Za-z\\{])(?!sqrt|frac|sin|cos|tan|log|exp|pi\b|infinity)[A-Za-z]{2,}")
"""A word that is no command or function."""
_ALGEBRA = re.compile(
    r"!|[,;][^\d]|,\s|(?<!\d)\d{1,3},\d{1,2}(?!\d)|[({]\s*-?\d+,|\\(?:begin|in|cup|cap|pm"
    r"|text\{\s*(?:or|and))|[\[\]]|\b(?:or|and)\b|[<>≤≥]|\\[lg]e|=.*="
)
"""More than one number with its unit."""
_NO_VALUE = re.compile(r"\d+:\d+|\d_\{?\d|^\W*$")
_OR = re.compile(r"\s*(?:\\text\s*\{\s*(?:or|and)\s*\}|\b(?:or|and)\b)\s*")
_TOWER = re.compile(r"(?:\^|\*\*)\s*[{(]*[-+]?\w+\s*[})]*\s*(?:\^|\*\*)")
_HUGE = re.compile(r"(?:\^|\*\*)\s*[{(]*\s*[-+]?\d{5,}|\d{5,}\s*!|!\s*!|\d{400}")
