"""Parses quantities: a number together with its sign, currency, power, fraction, scale and percent sign.

The input is in plain writing (plain.py). A quantity may have a sign or "minus", a currency before or after
it, a power ("10^6", "3 * 10^8"), a fraction, a mixed number, a square root that is a whole number, "million"
or "%". The value is exact. It is None if the quantity contains something that is not understood ("3 pi",
"sqrt(2)", "> 5", "5 ± 1", "15-20"): the caller then knows that there is a quantity but not which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from lab.language.numbers.numerals import MOST_DIGITS, numeral
from lab.language.numbers.words import START, spelled

Value = Fraction | str | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """The quantity from `start` to `end` of a text. `percent`: it has a percent sign; `words`: it is spelled
    out.
    """

    value: Value
    start: int
    end: int
    percent: bool = False
    words: bool = False


def quantities(text: str, words: bool = True) -> Iterator[Quantity]:
    """All quantities of a text in plain writing, in order."""
    at = 0
    anywhere = _ANYWHERE if words else _IN_DIGITS
    while match := anywhere.search(text, at):
        found = _quantity(text, match.start(), words)
        if found is not None:
            yield found
        at = max(match.start() + 1, found.end if found else 0)


def _quantity(text: str, at: int, words: bool) -> Quantity | None:
    """The quantity that begins at `at`, with its sign and everything that belongs to its value."""
    head = _HEAD.match(text, at)
    start = head.end() if head else at
    negative = bool(head and ("-" in head.group() or _MINUS.search(head.group())))
    strange = _strange(head.group() if head else "", text[max(0, at - 12) : at])
    core = _core(text, start, words)
    if core is None:
        return None
    value, end, was_words = core
    value, end = _scaled(text, value, end)
    percent = _PERCENT.match(text, end)
    end = percent.end() if percent else end
    if (tail := _TAIL.match(text, end)) and not was_words:
        value, end = None, tail.end()
    if negative and isinstance(value, Fraction):
        value = -value
    return Quantity(None if strange else value, at, end, bool(percent), was_words)


def _strange(head: str, before: str) -> bool:
    """Whether the signs before it make it more than a number: "> 5", "x + 5", or "total - 5", where "-" may
    be a dash.
    """
    if _DASH.match(head) and before.rstrip()[-1:].isalnum():
        return True
    if _OPERATED.search(before):
        return True
    return bool(_STRANGE.search(head)) or (head[:1] in ("-", "+") and before[-1:] in (")", "]", "%", "}"))


def _core(text: str, at: int, words: bool) -> tuple[Value, int, bool] | None:
    """(value, end, whether in words) of the numeral, root or number words at `at`."""
    if match := _ROOT.match(text, at):
        return _root(match["inside"] or match["bare"] or ""), match.end(), False
    if match := _BRACKETED.match(text, at):
        return _divided(match["over"], match["under"]), match.end(), False
    if match := _SYMBOL.match(text, at):
        return None, match.end(), False
    if words and START.match(text, at) and (found := spelled(text, at)):
        return (*found, True) if _counts(text, at, found[1]) else None
    digits = numeral(text, at)
    return None if digits is None else (*_joined(text, *digits), False)


def _counts(text: str, at: int, end: int) -> bool:
    """Whether number words are a number here. "one" and "once" are numbers only alone or when they count
    times; elsewhere they are a pronoun ("my special one") or a time ("once again").
    """
    if text[at:end].lower() not in ("one", "once"):
        return not _AS_OFTEN.match(text, end)
    return bool(_ONE.match(text, end)) and bool(_LED_TO.search(text[max(0, at - 20) : at]))


def _joined(text: str, value: Value, end: int) -> tuple[Value, int]:
    """A numeral with the fraction, power or multiplication by a power that follows it."""
    if not isinstance(value, Fraction):
        return value, end
    if match := _OVER.match(text, end):
        return _divided(value, match["under"] or match["plain"]), match.end()
    if (match := _MIXED.match(text, end)) and value.denominator == 1:
        part = _divided(match["over"] or match["n"], match["under"] or match["d"])
        proper = isinstance(part, Fraction) and 0 < part < 1
        return (value + part if proper and isinstance(part, Fraction) else None), match.end()
    if match := _POWER.match(text, end):
        return _power(value, match["exponent"]), match.end()
    if match := _TIMES_POWER.match(text, end):
        ten = _power(Fraction(10), match["exponent"])
        return (value * ten if isinstance(ten, Fraction) else None), match.end()
    return value, end


def _scaled(text: str, value: Value, end: int) -> tuple[Value, int]:
    """Applies a scale: "5 million", "5 and a half". The value is None after "dozen" or "k"."""
    if match := _SCALE.match(text, end):
        factor = _SCALES[match["scale"].lower().rstrip(".")]
        return (value * factor if isinstance(value, Fraction) else None), match.end()
    if (match := _HALF.match(text, end)) and isinstance(value, Fraction):
        return value + {"half": Fraction(1, 2), "quarter": Fraction(1, 4)}[match["part"].lower()], match.end()
    return value, end


def _divided(over: str | Fraction, under: str) -> Value:
    """The quotient of two numerals; None if one is not a number or the divisor is 0."""
    if len(under) > MOST_DIGITS or (isinstance(over, str) and len(over) > MOST_DIGITS):
        return None
    try:
        return Fraction(over) / Fraction(under)
    except (ValueError, ZeroDivisionError):
        return None


def _power(base: Fraction, exponent: str) -> Value:
    """A power with fewer than 400 digits, else None."""
    size = len(str(max(abs(base.numerator), base.denominator)))
    if len(exponent) > 4 or abs(int(exponent)) * size > MOST_DIGITS or (not base and int(exponent) < 0):
        return None
    return base ** int(exponent)


def _root(inside: str) -> Value:
    """The square root of a numeral if it is a whole number or a fraction of two, else None."""
    try:
        value = Fraction(inside)
    except (ValueError, ZeroDivisionError):
        return None
    over, under = isqrt(max(0, value.numerator)), isqrt(value.denominator)
    return Fraction(over, under) if Fraction(over, under) ** 2 == value else None


_CURRENCY = r"(?:(?:US|AU|CA|NZ|HK)?[$¤]|[€£¥₹₩₽₺₪₫฿₦₱]|(?:USD|EUR|GBP|JPY|INR|CHF|Rs\.?|R\$)(?=[\s\d]))"
_BEGIN = (
    r"(?<![A-Za-z_\u00c0-\u024f\u0370-\u04ff\d.,])(?<![\d)\]%A-Za-z]\^)(?<![A-Za-z)\]]_)"
    rf"(?:(?:[-+±≈~<>≤≥]|\b(?:minus|negative)\b|{_CURRENCY})\s{{0,2}}){{0,4}}"
    r"(?:\.?\d|\(\s?-?\d|sqrt\b|pi\b|infinity\b"
)
_IN_DIGITS = re.compile(rf"{_BEGIN})", re.IGNORECASE)
_ANYWHERE = re.compile(rf"{_BEGIN}|{START.pattern})", re.IGNORECASE)
_HEAD = re.compile(rf"(?:(?:[-+±≈~<>≤≥]|\b(?:minus|negative)\b|{_CURRENCY})\s{{0,2}}){{1,4}}", re.IGNORECASE)
_MINUS = re.compile(r"minus|negative", re.IGNORECASE)
_STRANGE = re.compile(r"[±<>≤≥]")
_DASH = re.compile(r"[-+]\s")
_OPERATED = re.compile(r"(?:[A-Za-z)\]}]\s?[+*/^]|[A-Za-z)\]}]-|[A-Za-z]\(|\^[^\s+*/-]{1,6}[-+*/])\s?$")
"""Something that is no number, and what is done to it: "x+"."""
_ONE = re.compile(r"[\s\"'.!*)]*$|\s+times?\b")
"""What may follow "one" where it is a number."""
_LED_TO = re.compile(
    r"(?:^|[^\w\s]|\b(?:is|are|was|were|be|to|equals|gives|only|just|exactly|simply|answer))\s*$",
    re.IGNORECASE,
)
"""What stands before "one" where it is a number."""
_AS_OFTEN = re.compile(r"\s+(?:as|the)\b", re.IGNORECASE)
""" "twice as many" is no number."""
_SYMBOL = re.compile(r"(?:pi|infinity)\b", re.IGNORECASE)
_ROOT = re.compile(r"sqrt\s{0,2}(?:\(\s?(?P<inside>[\d.]{1,40})\s?\)|(?P<bare>[\d.]{1,40}))", re.ASCII)
_BRACKETED = re.compile(r"\((?P<over>[-+]?[\d.]{1,400})\)/\((?P<under>[-+]?[\d.]{1,400})\)", re.ASCII)
_OVER = re.compile(r"\s?/\s?(?:\((?P<under>-?\d{1,400})\)|(?P<plain>\d{1,400})(?![\d/]|[.,]\d))", re.ASCII)
_MIXED = re.compile(
    r"(?:[ \u2009]{1,3}|[ \u2009]and[ \u2009]|-)(?:\((?P<over>\d{1,9})\)/\((?P<under>\d{1,9})\)"
    r"|(?P<n>\d{1,9})/(?P<d>\d{1,9})(?![\d/]))",
    re.ASCII,
)
_POWER = re.compile(r"\s?(?:\^|\*\*)\s?\(?(?P<exponent>[-+]?\d{1,6})\)?", re.ASCII)
_TIMES_POWER = re.compile(r"\s{0,3}[x*]\s{0,3}10\s?(?:\^|\*\*)\s?\(?(?P<exponent>[-+]?\d{1,6})\)?", re.ASCII)
_SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "millions": 10**6,
    "millionen": 10**6,
    "mio": 10**6,
    "mn": 10**6,
    "billion": 10**9,
    "billions": 10**9,
    "bn": 10**9,
    "trillion": 10**12,
    "lakh": 10**5,
    "lakhs": 10**5,
    "crore": 10**7,
    "crores": 10**7,
    **dict.fromkeys(
        ("thousands", "тысяч", "тысячи", "тысяча", "tausend", "mille", "mil", "ribu", "bin"), 10**3
    ),
    **dict.fromkeys(("nghìn", "ألف", "हज़ार", "हजार", "千", "천"), 10**3),
    **dict.fromkeys(("миллион", "миллиона", "миллионов", "millones", "millón", "milhões", "milhão"), 10**6),
    **dict.fromkeys(("milioni", "milione", "miljoen", "miljoner", "milyon", "juta", "triệu", "مليون"), 10**6),
    **dict.fromkeys(("миллиард", "миллиарда", "миллиардов", "milliarden", "milliards", "miljard"), 10**9),
    **dict.fromkeys(("milliard", "miliardi", "milyar", "tỷ"), 10**9),
    "लाख": 10**5,
    "करोड़": 10**7,
    "百万": 10**6,
    "千万": 10**7,
    "百": 100,
    "万": 10**4,
    "萬": 10**4,
    "億": 10**8,
    "亿": 10**8,
    "만": 10**4,
    "억": 10**8,
}
_SCALE = re.compile(
    rf"[ \u2009]{{0,2}}-?(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))})(?![A-Za-z])\.?",
    re.IGNORECASE,
)
_HALF = re.compile(r"\s+and\s+a\s+(?P<part>half|quarter)\b", re.IGNORECASE)
_PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b|pct\b)", re.IGNORECASE)
_TAIL = re.compile(
    r"\s{0,2}(?:pi\b|sqrt\b|\\|±|\^|\*\*|!\s?=|dozens?\b|score\b|(?:repeating|recurring)\b)"
    r"|\s{0,2}\*\s{0,2}(?:pi|sqrt|10)\b"
    r"|(?![mgshlL])[A-Za-z](?![A-Za-z°'])"  # "5k", "2x": a factor, not a unit
    r"|_\{?\d|\(\w|/[a-z]\b|\)\s?(?:\^|\*\*|/\s?\d|\(\s?-?\d)"
    r"|\s+(?:more|less|fewer|greater|larger|smaller|bigger|higher|lower|older|younger|longer|shorter"
    r"|times(?:\s\w+)?)"
    r"\sthan\s(?:a\smultiple\sof\s|the\snumber\s)?[-$€£]?\d"
    r"|[ \u2009-]?(?:half|halves|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hundredth"
    r"|thousandth|millionth|billionth)s?)\b",
)
r"""What follows a number and changes its value."""
