"""Converts Chinese numerals to digits: 四十二 is 42 and 十二万 is 120000; 三百五 is not converted.

Only numerals with a unit (十百千万亿) are certain to be numbers: 一二三 is a list, 二〇二四 a year. A numeral
that does not follow the grammar exactly stays as it is, and no number is read from it.
"""

from __future__ import annotations

import re


def in_digits(text: str) -> str:
    """The text with Chinese numerals in digits. A single digit is converted only if it is the whole text."""
    if match := _ALONE.fullmatch(text):
        return str(_DIGITS[match["digit"]])
    return _RUN.sub(lambda match: _written(match.group()), text)


def _written(run: str) -> str:
    value = _value(run)
    return run if value is None else str(value)


def _value(run: str) -> int | None:
    """The whole number; None if it is not written by the rules."""
    for mark, size in (("亿", 10**8), ("億", 10**8), ("万", 10**4), ("萬", 10**4)):
        if mark in run:
            over, _, under = run.rpartition(mark)
            high, low = _value(over), _value(under.removeprefix("零")) if under else 0
            return None if not high or low is None or low >= size else high * size + low
    return _below(run)


def _below(run: str) -> int | None:
    """A numeral below ten thousand: thousands, hundreds, tens and ones, with a zero for those left out."""
    match = _FORM.fullmatch(run)
    if match is None or not run:
        return None
    tens = _DIGITS[match["tens"]] if match["tens"] else int(bool(match["ten"]))
    places = (match["thousands"], match["hundreds"])
    high = sum(_DIGITS[digit] * size for digit, size in zip(places, (1000, 100), strict=True) if digit)
    if high and match["ones"] and not match["ten"] and not match["zero"]:
        return None
    return high + 10 * tens + (_DIGITS[match["ones"]] if match["ones"] else 0)


_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7}
_DIGITS |= {"八": 8, "九": 9, "十": 10}
_ONE = "[一二两兩三四五六七八九]"
_FORM = re.compile(
    rf"(?:(?P<thousands>{_ONE})千)?(?:(?P<hundreds>{_ONE})百)?(?P<zero>零)?(?:(?P<tens>{_ONE})?(?P<ten>十))?"
    rf"(?P<ones>{_ONE})?"
)
_RUN = re.compile(
    rf"(?<![第零〇一二两兩三四五六七八九十百千万萬亿億\d])(?:{_ONE}+[十百千万萬亿億]"
    rf"|十{_ONE})[零一二两兩三四五六七八九十百千万萬亿億]*"
)
_ALONE = re.compile(r"\W*(?P<digit>[零〇一二两兩三四五六七八九十])[个個]?\W*")
