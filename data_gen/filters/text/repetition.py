"""Drops repetitive completions, by the repetition rules of Gopher.

Rae et al. 2021, arXiv:2112.11446, table A1: the share of lines and of paragraphs that occurred before, by
number and by characters; the share of characters in the most frequent 2- to 4-gram of words; and the share in
5- to 10-grams that occurred before, counting no character twice. A first occurrence is not a duplicate. The
limits are for complete web pages, and a short text exceeds them by chance (the only pair of words in "It is."
is all of it), so texts with fewer than `min_words` words are not judged, and a top n-gram must occur twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each

TOP = (2, 3, 4)
DUPLICATE = (5, 6, 7, 8, 9, 10)


def _limit(paper: float) -> float | None:
    limit: float | None = Field(paper, ge=0, le=1)
    return limit


class Repetition(FilterComponent):
    """Keeps completions that break none of the rules; null turns a rule off."""

    kind: Literal["repetition"] = "repetition"
    min_words: int = Field(100, ge=1)
    """Texts with fewer words are kept, because the shares mean little there. Of GSM8K's 1,319 own solutions
    the rules drop 0.4 % with 100 words or more, 4 % with 50, 12 % with 1. Words are separated by white space,
    so texts in languages without it are kept, too.
    """
    duplicate_lines: float | None = _limit(0.30)
    """Maximum share of lines that are equal to an earlier line."""
    duplicate_paragraphs: float | None = _limit(0.30)
    """Maximum share of paragraphs (separated by blank lines) that are equal to an earlier one."""
    duplicate_line_characters: float | None = _limit(0.20)
    """Maximum share of characters in such lines."""
    duplicate_paragraph_characters: float | None = _limit(0.20)
    """Maximum share of characters in such paragraphs."""
    top_2_gram: float | None = _limit(0.20)
    """Maximum share of characters in the most frequent pair of words."""
    top_3_gram: float | None = _limit(0.18)
    """The same for three words."""
    top_4_gram: float | None = _limit(0.16)
    """The same for four words."""
    duplicate_5_grams: float | None = _limit(0.15)
    """Maximum share of characters in runs of five words that occurred before."""
    duplicate_6_grams: float | None = _limit(0.14)
    """The same for six words."""
    duplicate_7_grams: float | None = _limit(0.13)
    """The same for seven words."""
    duplicate_8_grams: float | None = _limit(0.12)
    """The same for eight words."""
    duplicate_9_grams: float | None = _limit(0.11)
    """The same for nine words."""
    duplicate_10_grams: float | None = _limit(0.10)
    """The same for ten words."""

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over the completions, each separately; the reason is the first rule that is broken."""
        return each(self._judge)

    def _judge(self, draft: Draft) -> str:
        if len(draft.text.split()) < self.min_words:
            return ""
        for rule, share in shares(draft.text):
            limit = getattr(self, rule)
            if limit is not None and share > limit:
                return f"{rule.replace('_', ' ')} {share:.3f}, above {limit:g}"
        return ""


def shares(text: str) -> Iterator[tuple[str, float]]:
    """For each rule, the share of the text that repeats; all are shares of characters, except the counted
    ones.

    Raises ValueError for a text without a word.
    """
    text = text.strip()
    if not text:
        raise ValueError("an empty text has no shares")
    for name, pieces in (("line", re.split(r"\n+", text)), ("paragraph", re.split(r"\n{2,}", text))):
        count, characters = repeated(pieces)
        yield f"duplicate_{name}s", count / len(pieces)
        yield f"duplicate_{name}_characters", characters / len(text)
    words = text.split()
    for n in TOP:
        yield f"top_{n}_gram", top_gram(words, n) / len(text)
    for n in DUPLICATE:
        yield f"duplicate_{n}_grams", duplicate_grams(words, n) / len(text)


def repeated(pieces: Sequence[str]) -> tuple[int, int]:
    """The number of pieces that are equal to an earlier one, and their characters."""
    again = sum(len(piece) * (count - 1) for piece, count in Counter(pieces).items())
    return len(pieces) - len(set(pieces)), again


def top_gram(words: Sequence[str], n: int) -> int:
    """Characters (including inner spaces) in the occurrences of the most frequent n-gram that occurs at least
    twice; of equally frequent ones, the longest.

    Overlapping occurrences all count, so the share of "no no no" can be above 1.
    """
    grams = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
    count, size = max(((count, len(gram)) for gram, count in grams.items()), default=(0, 0))
    return count * size if count > 1 else 0


def duplicate_grams(words: Sequence[str], n: int) -> int:
    """Characters (without spaces) in n-grams that occurred before, from left to right; after such an n-gram
    the search continues behind it, so that no character counts twice.
    """
    seen: set[tuple[str, ...]] = set()
    characters = at = 0
    while at <= len(words) - n:
        gram = tuple(words[at : at + n])
        if gram in seen:
            characters += sum(map(len, gram))
            at += n
        else:
            seen.add(gram)
            at += 1
    return characters
