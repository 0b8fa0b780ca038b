"""Extracts the number that a text gives as its answer, at the place that markers.py found."""

from __future__ import annotations

import re

from lab.language.extraction.markers import AnswerText, strip_markup
from lab.language.numbers.statements import AMBIGUOUS, Reading, stated


def read_number(place: AnswerText, words: bool = True) -> Reading:
    """The number at a place: from the first statement after a marker, else from the last statement."""
    if place.closed and _LISTED.fullmatch(place.text[:_MARKED]):
        return AMBIGUOUS
    if place.marked:
        return stated(strip_markup(place.text[:_MARKED]), True, words)
    text = place.text
    if len(text) > _BARE:
        text = text[-_BARE:].partition("\n")[2] or text[-_BARE:].partition(" ")[2]
    return stated(text, False, words)


_LISTED = re.compile(r"\W*\d+,\d{1,2}\W*|.*\d\s?!\s*")
r"""In a box a list of two, or a decimal comma (which LaTeX writes `{,}`); and a factorial."""
_MARKED, _BARE = 2000, 8000
"""Characters that are read behind a marker, and from the end of a text without one."""
