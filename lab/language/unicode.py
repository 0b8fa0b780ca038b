"""Text that files can hold, and Unicode normalisation in linear time.

Python sorts the combining marks of a letter by insertion, so a text of nothing but marks takes quadratic
time: half a minute for 200,000 characters. Here a letter keeps at most 30 marks, the limit of Unicode's
Stream-Safe Text Format (UAX #15). No language uses as many.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any, Literal


def normal_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The text in a normal form. Marks of a letter beyond its thirtieth are dropped."""
    return text if text.isascii() else unicodedata.normalize(form, _beyond().sub(r"\1", text))


def well_formed(text: str) -> str:
    """The text as UTF-8 can hold it: lone surrogates become '?'."""
    return text.encode("utf-8", "replace").decode("utf-8")


def storable(text: str) -> str:
    """The text with lone surrogates and NULs, which files and databases do not take, as U+FFFD."""
    return _LONE.sub("\ufffd", text)


_LONE = re.compile("[\ud800-\udfff\0]")


@cache
def _beyond() -> Any:
    """Thirty marks and those behind them. The two letters named become marks in the normal form."""
    import regex

    return regex.compile(r"([\p{M}\uFF9E\uFF9F]{30})[\p{M}\uFF9E\uFF9F]+")
