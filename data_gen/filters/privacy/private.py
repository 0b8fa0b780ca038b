"""The base of filters that find private texts: secrets, personal data.

Such a filter finds spans in a text. It either drops the example or replaces each span by a label, in every
text that gets into the corpus. In both cases `hide` keeps the spans out of the audit. What is found in one
text of an example is also hidden in the others: a reply may repeat the password of the prompt without the
word "password" before it. The reason for dropping names the kinds found, never the text. An example whose
spans cannot be replaced (one crosses two labelled steps) is always dropped, and so is one with a text that is
too long to search, or that has too many spans to replace them one by one.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each

SHORTEST = 6
"""Minimum number of characters of a match to be searched elsewhere; a shorter one occurs by chance."""
LONGEST = 200
"""Up to this length a match is also found with other marks between its letters."""
LONGEST_TEXT, MOST = 100_000, 100
"""Maximum characters of a text that is searched (this takes a second or two), and maximum matches that are
separated.
"""
TOO_LONG, TOO_MANY = "a text too long to search", "too many to hide"
"""The kinds of a span that covers a complete text."""


@dataclass(frozen=True, slots=True)
class PrivateSpan:
    """Characters `start` to `end` (exclusive) of a text, and their kind."""

    start: int
    end: int
    kind: str


class Private(FilterComponent):
    """Base of these filters."""

    action: Literal["drop", "redact"] = "drop"
    """drop: drop examples that contain any. redact: keep them, with a label such as [email] instead (an
    example whose answer had to be changed becomes unscored).
    """

    @abstractmethod
    def search(self, text: str) -> Iterable[PrivateSpan]:
        """The matches in a text, in any order, including overlapping ones; never a label."""

    def places(self, text: str) -> Sequence[PrivateSpan]:
        """The spans to hide, in order: its matches, or the complete text if they cannot all be determined."""
        return _places(self, text)

    @abstractmethod
    def label(self, kind: str) -> str:
        """The label that replaces this kind."""

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over every text of each draft, after `mend`."""
        return each(self._judge)

    def mend(self, draft: Draft) -> Draft:
        """The draft with all matches replaced, if that is the action and they can be separated."""
        kinds = self._kinds(draft)
        if self.action == "drop" or not kinds or not kinds.isdisjoint((TOO_LONG, TOO_MANY)):
            return draft
        texts = draft.everything
        return draft.mapped(lambda text: self.hide(text, texts))

    def hide(self, text: str, beside: Sequence[str] = ()) -> str:
        """The text with a label for each match in it, and for each match in the texts beside it that occurs
        in it again.
        """
        found = list(self.places(text))
        texts = dict.fromkeys((text, *beside))
        for value, kind in {(t[p.start : p.end], p.kind) for t in texts for p in self.places(t)}:
            found += _again(value, kind, text) if kind not in (TOO_LONG, TOO_MANY) else []
        for place in reversed(apart(found)):
            text = text[: place.start] + self.label(place.kind) + text[place.end :]
        return text

    def _judge(self, draft: Draft) -> str:
        kinds = self._kinds(draft)
        return f"contains {', '.join(sorted(kinds))}" if kinds else ""

    def _kinds(self, draft: Draft) -> set[str]:
        return {place.kind for text in dict.fromkeys(draft.everything) for place in self.places(text)}


@lru_cache(maxsize=256)
def _places(filter: Private, text: str) -> tuple[PrivateSpan, ...]:
    if len(text) > LONGEST_TEXT:
        return (PrivateSpan(0, len(text), TOO_LONG),)
    found = list(islice(filter.search(text), MOST + 1))
    return tuple(apart(found)) if len(found) <= MOST else (PrivateSpan(0, len(text), TOO_MANY),)


def apart(places: Iterable[PrivateSpan]) -> list[PrivateSpan]:
    """The spans in order; overlapping ones are merged, with the kind that begins first (of these, the
    longest).
    """
    found: list[PrivateSpan] = []
    for place in sorted(places, key=lambda p: (p.start, -p.end, p.kind)):
        if found and place.start < found[-1].end:
            last = found[-1]
            found[-1] = PrivateSpan(last.start, max(last.end, place.end), last.kind)
        else:
            found.append(place)
    return found


def _again(value: str, kind: str, text: str) -> list[PrivateSpan]:
    """Where a value occurs, ignoring case; a value with letters also with other marks between its parts."""
    if len(value) < SHORTEST:
        return []
    pattern = re.escape(value)
    parts = re.findall(r"[^\W_]+", value)
    if len(value) <= LONGEST and len(parts) > 1 and any(map(str.isalpha, value)):
        pattern = r"(?<!\w)" + r"[\W_]+".join(map(re.escape, parts)) + r"(?!\w)"
    return [PrivateSpan(m.start(), m.end(), kind) for m in re.finditer(pattern, text, re.IGNORECASE)]
