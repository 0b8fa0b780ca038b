r"""Numbers: "The answer is $1,250.00." is 1250.

A number is read exactly, as a fraction, from digits with thousands separators, a sign, a currency
sign, a decimal part, a power of ten, `a/b`, a mixed `1 1/2` or `\frac{a}{b}`; what follows it (a
unit, a full stop, "nd") does not matter. "42", "42.", "42.0" and "$42" have one canonical form, so
that votes agree. Where the text points at its answer ("answer is", `####`, `\boxed{}`), the first
number behind the sign counts, or the one behind the last "=" of that sentence ("answer is 2 + 3 = 5");
else the last number of the text. A text without digits may spell it ("twice", "three times").
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.types import Problem, Verdict
from lab.tasks.checkers.extract import Extract, Found, find_answer


class Numeric(Component):
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
        """Compares with the number in `problem.gold` (int, float or text); unscored if that holds none."""
        gold, said = self.gold(problem.gold), self.number(text)
        value = None if said is None else canonical_number(said)
        if gold is None:
            return Verdict(None, value, f"the gold answer {str(problem.gold)[:80]!r} contains no number")
        if said is None:
            return Verdict(False, None, "no number in the answer")
        right = abs(said - gold) <= Fraction(self.relative_tolerance) * abs(gold)
        return Verdict(right, value, f"{value} {'=' if right else 'is not'} {canonical_number(gold)}")

    def canonical(self, text: str) -> str | None:
        """The number in the text in canonical form (`canonical_number`); None if it has none."""
        number = self.number(text)
        return None if number is None else canonical_number(number)

    def gold(self, gold: Any) -> Fraction | None:
        """The gold's exact number: the value itself, or the one number an answer text holds."""
        if isinstance(gold, (list, tuple)):
            gold = gold[0] if gold else ""
        text = str(gold)
        return self._pick(text, find_answer(text, "auto"))

    def number(self, text: str) -> Fraction | None:
        """The number the text answers with, exactly; None if it has none."""
        return self._pick(text, find_answer(text, self.extract, self.marker))

    def _pick(self, text: str, found: Found | None) -> Fraction | None:
        """The number at the place; in `auto`, a marker without one ("the answer is above") is ignored."""
        if found is None:
            return None
        fraction = self.percent == "fraction"
        number = pick_number(found.text, found.marked, fraction)
        if number is None and found.marked and self.extract == "auto":
            number = pick_number(text, False, fraction)
        return pick_word(found.text, found.marked) if number is None and self.words else number


def pick_number(text: str, marked: bool, percent_as_fraction: bool = False) -> Fraction | None:
    """The number that answers: first after a marker (last after an "=" there), last in an unmarked text."""
    if marked:
        lines = [line for line in text.splitlines() if _NUMBER.search(_plain(line))]
        text = lines[0] if lines else ""
        sentence = _SENTENCE_END.split(text, maxsplit=1)[0]
        if "=" in sentence and _NUMBER.search(_plain(sentence.rsplit("=", 1)[1])):
            text = sentence.rsplit("=", 1)[1]
    matches = list(_NUMBER.finditer(_plain(text)))
    for match in matches if marked else reversed(matches):
        value = _value(match)
        if value is not None:
            return value / 100 if percent_as_fraction and match["percent"] else value
    return None


def pick_word(text: str, marked: bool) -> Fraction | None:
    """A spelled number up to twenty in a text without digits: the first behind a marker, else the last."""
    if _DIGIT.search(text):
        return None
    words = [match.group().lower() for match in _WORD.finditer(text)]
    return Fraction(_WORDS[words[0 if marked else -1]]) if words else None


def canonical_number(value: Fraction) -> str:
    """ "42", "-0.5" where the decimal form is finite (at most 30 places), else "1/3"."""
    if value.denominator == 1:
        return str(value.numerator)
    places, rest = 0, value.denominator
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        places = max(places, count)
    if rest != 1 or places > 30:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _plain(text: str) -> str:
    r"""Unicode minus and LaTeX's `{,}`, `\,`, `\$`, `\%`, `\frac{a}{b}`, `\times 10^{n}` in plain writing."""
    text = text.translate(_PLAIN).replace("{,}", ",").replace("\\$", "$").replace("\\%", "%")
    text = text.replace("\\,", "").replace("\\!", "")
    text = _FRACTION.sub(r"\1/\2", text)
    return _POWER.sub(r"e\1", text)


def _value(match: re.Match[str]) -> Fraction | None:
    """The exact value of a match; None for numbers beyond 10^400, which no answer is."""
    digits = match["digits"].replace(",", "")
    exponent = int(match["exponent"] or 0) if len(match["exponent"] or "") < 6 else 10**6
    if len(digits) > _MOST_DIGITS or abs(exponent) > _MOST_DIGITS:
        return None
    value = Fraction(digits) * Fraction(10) ** exponent
    if match["over"]:
        if len(match["over"]) > _MOST_DIGITS or not int(match["over"]):
            return None
        value /= int(match["over"])
    if match["whole"]:
        if len(match["whole"]) > _MOST_DIGITS:
            return None
        value += int(match["whole"])
    return -value if "-" in (match["sign"], match["inner"]) else value


_MOST_DIGITS = 400
_SPELLED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_WORDS = {"once": 1, "twice": 2, "thrice": 3} | {word: n for n, word in enumerate(_SPELLED.split())}
_DIGIT = re.compile(r"[0-9]")
_WORD = re.compile(
    rf"\b(?:{'|'.join(word for word in _WORDS if word != 'one')}|one(?=\W*$|\s+times?\b))\b(?!-)",
    re.IGNORECASE,
)
_PLAIN = str.maketrans({"−": "-", "–": "-", "\u00a0": " ", "\u202f": "", "\u2009": ""})
_FRACTION = re.compile(r"\\[dt]?frac\s{0,2}\{\s{0,3}(\d{1,400})\s{0,3}\}\s{0,2}\{\s{0,3}(\d{1,400})\s{0,3}\}")
_POWER = re.compile(r"\s?(?:\\times|\\cdot|[x×*])\s?10\s?(?:\^|\*\*)\s?\{?([+-]?\d{1,6})\}?")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_NUMBER = re.compile(
    r"(?<![\w.])"  # not inside a word or a number: "x2", "1.2.3"
    r"(?:(?<![)\]%])(?P<sign>[-+])(?=[$€£¥\d.]))?"  # a sign, not the minus of "7-3", "(2)-3" or "5 - 3"
    r"(?:[$€£¥]\s?(?P<inner>-)?)?"
    r"(?:(?P<whole>\d{1,400})\s(?=\d{1,9}/\d))?"
    r"(?P<digits>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
    r"(?:[eE](?P<exponent>[+-]?\d+)(?!\w))?"
    r"(?:\s?/\s?(?P<over>\d+)(?![\d/]))?"
    r"\s?(?P<percent>%)?",
    re.ASCII,
)
