"""Text as files can hold it, and Unicode normal forms in linear time.

Python sorts the combining marks behind one letter by insertion, so a text of nothing but marks takes
quadratic time: 200,000 characters half a minute. Here a letter keeps its first 30 marks, the bound of
Unicode's own Stream-Safe Text Format (UAX #15); no language writes as many.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any, Literal


def normal_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The text in a normal form, without the marks of a letter beyond its thirtieth."""
    return text if text.isascii() else unicodedata.normalize(form, _beyond().sub(r"\1", text))


def well_formed(text: str) -> str:
    """The text as UTF-8 can hold it: lone surrogates become '?'."""
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def _beyond() -> Any:
    """Thirty marks and those behind them. The two letters named become marks in the normal form."""
    import regex

    return regex.compile(r"([\p{M}\uFF9E\uFF9F]{30})[\p{M}\uFF9E\uFF9F]+")
