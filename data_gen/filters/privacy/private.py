"""What filters share that look for things nobody may see: secrets, personal data.

Such a filter finds places in a text. It either drops the example or puts a label in their place, in every
text that gets into the corpus; and whatever it does, `hide` keeps what it found out of the audit. What is
found in one text of an example is hidden in the others too: a reply repeats the password of the prompt
without the word "password" before it. The reason for dropping names the kinds found, never the text. An
example whose places cannot be replaced (one lies across two labelled steps) is dropped in any case, and so is
one with a text that is too long to search, or that holds too many of them to replace one by one.
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
"""Characters that something found must have to be looked for elsewhere: a shorter one is there by chance."""
LONGEST = 200
"""Up to this length also with other marks between its letters, as the words of a text are compared."""
LONGEST_TEXT, MOST = 100_000, 100
"""Characters of a text that is searched (it takes a second or two), and finds in it that are told apart."""
TOO_LONG, TOO_MANY = "a text too long to search", "too many to hide"
"""The kinds of a place that is a whole text."""


@dataclass(frozen=True, slots=True)
class PrivateSpan:
    """Characters `start` to `end` (not included) of a text, and what stands there."""

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
        """What it finds in a text, in any order, places that overlap too; never a label."""

    def places(self, text: str) -> Sequence[PrivateSpan]:
        """What there is to hide, in order: its finds, or the whole text where it cannot tell them all."""
        return _places(self, text)

    @abstractmethod
    def label(self, kind: str) -> str:
        """What is put in the place of this kind."""

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over every text of each draft, after `mend`."""
        return each(self._judge)

    def mend(self, draft: Draft) -> Draft:
        """With everything found replaced, if that is the action and they can be told apart."""
        kinds = self._kinds(draft)
        if self.action == "drop" or not kinds or not kinds.isdisjoint((TOO_LONG, TOO_MANY)):
            return draft
        texts = draft.everything
        return draft.mapped(lambda text: self.hide(text, texts))

    def hide(self, text: str, beside: Sequence[str] = ()) -> str:
        """The text with a label for what is found in it, or in the texts beside it and again here."""
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
    """In order, those that overlap as one, of the kind that begins first (of these, the longest)."""
    found: list[PrivateSpan] = []
    for place in sorted(places, key=lambda p: (p.start, -p.end, p.kind)):
        if found and place.start < found[-1].end:
            last = found[-1]
            found[-1] = PrivateSpan(last.start, max(last.end, place.end), last.kind)
        else:
            found.append(place)
    return found


def _again(value: str, kind: str, text: str) -> list[PrivateSpan]:
    """Where a value occurs, in any case; one with letters also with other marks between its parts."""
    if len(value) < SHORTEST:
        return []
    pattern = re.escape(value)
    parts = re.findall(r"[^\W_]+", value)
    if len(value) <= LONGEST and len(parts) > 1 and any(map(str.isalpha, value)):
        pattern = r"(?<!\w)" + r"[\W_]+".join(map(re.escape, parts)) + r"(?!\w)"
    return [PrivateSpan(m.start(), m.end(), kind) for m in re.finditer(pattern, text, re.IGNORECASE)]
