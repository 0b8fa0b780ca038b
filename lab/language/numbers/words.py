"""Parses numbers in English words: "twenty-one", "one hundred and five", "two thirds", "two and a half".

If part of a run of number words is not understood, the whole run gives no number: "three quarters" is 3/4 and
never 3. "one" is a number only alone or when it counts times, because elsewhere it is a pronoun.
"""

from __future__ import annotations

import re
from fractions import Fraction

SMALL = {
    word: n
    for n, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
TENS = {
    word: 10 * n
    for n, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
    )
} | {"fourty": 40}
SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "lakh": 10**5,
    "crore": 10**7,
}
TIMES = {"once": 1, "twice": 2, "thrice": 3}
PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "hundredth": 100,
    "thousandth": 1000,
}


def spelled(text: str, at: int = 0) -> tuple[Fraction | None, int] | None:
    """(the number spelled out from index `at`, its end); (None, end) if the words do not form one number;
    None if there is no number word at `at`.
    """
    match = RUN.match(text, at)
    if not match:
        return None
    if _MORE.match(text, match.end()):
        return None, match.end()
    words = match.group().lower().replace("-", " ").split()
    if words[0] in TIMES:
        return (Fraction(TIMES[words[0]]) if len(words) == 1 else None), match.end()
    return _value(words), match.end()


def _value(words: list[str]) -> Fraction | None:
    """The value of a run of words; None for "one two" and the like."""
    for at, word in enumerate(words):
        if (part := PARTS.get(word.removesuffix("s") if word != "halves" else word)) is not None:
            plural = word.endswith("s")
            return _with_part(words[:at], part, plural) if at == len(words) - 1 else None
    return _whole(words)


def _with_part(words: list[str], part: int, plural: bool) -> Fraction | None:
    """The value of "two and a half" or "three quarters"; None for "half" alone (of what?) and for ordinals
    ("twenty-fifth").
    """
    if "and" in words and words.index("and") and (at := len(words) - 1 - words[::-1].index("and")):
        whole, over = _whole(words[:at]), _count(words[at + 1 :])
        return None if whole is None or over is None or over >= part else whole + Fraction(over, part)
    over = None if words[-1:] and words[-1] in TENS else _count(words)
    return None if over is None or (over != 1 and not plural) else Fraction(over, part)


def _count(words: list[str]) -> int | None:
    if words in (["a"], ["one"]):
        return 1
    value = _whole(words)
    return None if value is None else int(value)


def _whole(words: list[str]) -> Fraction | None:
    """A whole number by the grammar of English numerals: "thousand" and larger words separate groups below a
    thousand.
    """
    total, group, last = 0, list[str](), 10**15
    for word in words:
        scale = SCALES.get(word, 0)
        if scale > 100:
            size = _below_thousand(group)
            if not size or scale >= last:
                return None
            total, group, last = total + size * scale, [], scale
        else:
            group.append(word)
    if group[:1] == ["and"] and total:
        group = group[1:] or ["and"]
    rest = _below_thousand(group) if group else 0
    return None if rest is None or not words else Fraction(total + rest)


def _below_thousand(words: list[str]) -> int | None:
    """The value of "a hundred", "two hundred and five" or "twenty one"; None for other words."""
    if "hundred" not in words:
        return 1 if words == ["a"] else _below_hundred(words)
    at = words.index("hundred")
    hundreds = 1 if words[:at] == ["a"] else _below_hundred(words[:at])
    rest = words[at + 2 :] if words[at + 1 : at + 2] == ["and"] else words[at + 1 :]
    below = _below_hundred(rest) if rest else 0
    if not hundreds or below is None or (words[-1] == "and"):
        return None
    return hundreds * 100 + below


def _below_hundred(words: list[str]) -> int | None:
    """One word, or tens and a digit."""
    match words:
        case [word]:
            return TENS.get(word, SMALL.get(word))
        case [tens, digit] if tens in TENS and 0 < SMALL.get(digit, 0) < 10:
            return TENS[tens] + SMALL[digit]
    return None


_UNITS = "|".join([*SMALL, *TENS])
_ANY = "|".join([_UNITS, *SCALES, "halves", *(f"{word}s?" for word in PARTS if word != "halves")])
START = re.compile(rf"(?<![\w-])(?:once|twice|thrice|a\s(?:{'|'.join(SCALES)})|{_UNITS})\b", re.IGNORECASE)
"""Where number words may begin."""
_MORE = re.compile(r"-[A-Za-z]|\s(?:first|second|odd)\b|%?\sdozen", re.IGNORECASE)
"""What makes a number in words another: "twenty-first", "twenty-odd"."""
RUN = re.compile(
    rf"(?:once|twice|thrice|(?:a\s)?(?:{_ANY}))\b(?:(?:\s?-\s?|\s|\sand\s(?:a\s)?)(?:{_ANY})\b){{0,40}}",
    re.IGNORECASE,
)
"""Number words in a row."""
