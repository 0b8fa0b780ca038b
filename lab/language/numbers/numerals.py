"""Parses one numeral in digits, such as "12,500", "12 500", "12.500,00", "12,50,000", "1'250" or "2.5e-3".

A point separates decimals and a comma separates thousands, as in English, unless the form is possible only in
another country: points and commas together, several groups, or a comma before one or two last digits. Text
that begins like a number but is not one (a date, a time, a version, digits with a base) has the value None,
so that its first digits are not read as a number.
"""

from __future__ import annotations

import re
from fractions import Fraction

MOST_DIGITS = 400


def numeral(text: str, at: int) -> tuple[Fraction | str | None, int] | None:
    """(value, end) of the numeral at index `at`; None if there is none. An ISO date is returned as text."""
    if match := _SIMPLE.match(text, at):
        return Fraction(int(match.group())), match.end()
    if match := _DATE.match(text, at):
        return match.group(), match.end()
    if match := _NO_NUMBER.match(text, at):
        return None, match.end()
    for form, decimal in _FORMS:
        if match := form.match(text, at):
            return _exact(match.group(), decimal), match.end()
    return None


def canonical_number(value: Fraction) -> str:
    """The decimal form ("42", "-0.5") if it is finite (at most 30 places), else the fraction "1/3"."""
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


def _exact(written: str, decimal: str) -> Fraction | None:
    """The value of a numeral whose decimal mark is `decimal`; None beyond 10^400."""
    kept = "".join(c for c in written if c.isdigit() or c == decimal or c in "eE+-")
    mantissa, _, exponent = kept.replace(decimal, ".").lower().partition("e")
    if len(mantissa) > MOST_DIGITS or len(exponent) > 4 or abs(int(exponent or 0)) > MOST_DIGITS:
        return None
    return Fraction(mantissa) * Fraction(10) ** int(exponent or 0)


_GAP = "[ \u2009]"
_SIMPLE = re.compile(r"\d{1,30}(?![\d:'_/eExXbBoO\u2009-])(?![.,]\d)(?! \d)", re.ASCII)
"""Most numerals: digits alone, with nothing behind them that could belong to them."""
_DATE = re.compile(r"(?:1[0-9]|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\w-])", re.ASCII)
_NO_NUMBER = re.compile(
    r"\d+:\d+[\d:.]*"  # a time, a ratio
    r"|\d+(?:-\d+){2,}|\d+(?:/\d+){2,}"  # a date
    r"|\d{1,2}\.\d{1,2}\.\d{4}(?!\d)|\d+\.\d+\.\d*[1-9]\d{3,}"
    r"|0[xXbBoO][0-9a-fA-F]+|\d+_\{?\d+\}?"  # a base
    r"|\d+\.\d+(?:\.{2,}|…)|\d+\.?\d*\\overline|\d+\.\d*\(\d+\)",  # digits without an end
    re.ASCII,
)
_END = r"(?![\d])(?![.,]\d)"
_FORMS = tuple(
    (re.compile(pattern, re.ASCII), decimal)
    for pattern, decimal in (
        (rf"[1-9]\d{{0,2}}(?:,\d{{3}})+(?:\.\d+)?{_END}", "."),
        (rf"\d{{1,2}}(?:,\d{{2}})+,\d{{3}}(?:\.\d+)?{_END}", "."),
        (rf"\d{{1,3}}(?:\.\d{{3}})+,\d+{_END}", ","),
        (rf"\d{{1,3}}(?:\.\d{{3}}){{2,}}{_END}", ","),
        (rf"[1-9]\d{{0,2}}(?:'\d{{3}})+(?:\.\d+)?{_END}", "."),
        (rf"[1-9]\d{{0,2}}(?:{_GAP}\d{{3}})+(?:,\d+){_END}", ","),
        (rf"[1-9]\d{{0,2}}(?:{_GAP}\d{{3}})+(?:\.\d+)?(?!{_GAP}?\d)(?![.,]\d)", "."),
        (rf"\d+(?:_\d{{3}})+{_END}", "."),
        (rf"(?:0|\d+),(?:\d{{1,2}}|\d{{4,}}){_END}(?!\s?[,;]\s?\d)", ","),
        (rf"0,\d+{_END}", ","),
        (r"\d*\.\d+(?:[eE][-+]?\d+(?!\w))?(?![\d])(?!\.\d)(?!,\d)", "."),
        (r"\d+(?:[eE][-+]?\d+(?!\w))?(?![\d])(?!\.\d)(?!,\d)", "."),
    )
)
r"""Written form -> its decimal mark, the most particular first."""
