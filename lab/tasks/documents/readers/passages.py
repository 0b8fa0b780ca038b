"""Splits long texts into passages that fit a small model's context.

A passage consists of whole paragraphs, up to a maximum number of words. A longer paragraph is split between
sentences, a longer sentence between words. With an overlap, a passage begins with the last paragraphs of the
one before it. A heading stays with the paragraph below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def passages(text: str, max_words: int, overlap: int = 0) -> list[str]:
    """Passages of at most `max_words` words, in order. Neighbours share at most `overlap` words."""
    found: list[str] = []
    current: list[str] = []
    for piece in _pieces(text, max_words):
        if current and _count(current) + count_words(piece) > max_words:
            headings = _headings(current, max_words - count_words(piece))
            found.append("\n\n".join(current[: len(current) - len(headings)]))
            current = headings or _tail(current, min(overlap, max_words - count_words(piece)))
        current.append(piece)
    return [*found, "\n\n".join(current)] if current else found


def _pieces(text: str, most: int) -> Iterator[str]:
    """Paragraphs, split if one alone is too long."""
    for paragraph in filter(None, map(str.strip, re.split(r"\n\s*\n", text))):
        if count_words(paragraph) <= most:
            yield paragraph
        else:
            yield from _packed(_SENTENCE_END.split(paragraph), most)


def _packed(sentences: list[str], most: int) -> Iterator[str]:
    """Sentences joined into pieces of at most `most` words."""
    current: list[str] = []
    size = 0
    for sentence in sentences:
        words = [piece for word in sentence.split() for piece in _cut(word, most)]
        if current and size + _count(words) > most:
            yield " ".join(current)
            current, size = [], 0
        for word in words:
            if size + count_words(word) > most:
                yield " ".join(current)
                current, size = [], 0
            current.append(word)
            size += count_words(word)
    if current:
        yield " ".join(current)


def _cut(word: str, most: int) -> list[str]:
    """A run of letters without a space, split into pieces that count as at most `most` words."""
    if count_words(word) <= most:
        return [word]
    step = 2 * most if _wide(word) else max(LONGEST, PER_WORD * most)
    return [word[i : i + step] for i in range(0, len(word), step)]


def count_words(text: str) -> int:
    """The number of words separated by white space. Two Chinese or Japanese characters count as one word.

    In other runs of more than LONGEST letters, PER_WORD letters count as one word.
    """
    return sum(_count_run(run) for run in text.split())


def _count_run(run: str) -> int:
    by_length = -(-len(run) // PER_WORD) if len(run) > LONGEST else 1
    return max(by_length, -(-_wide(run) // 2))


def _wide(run: str) -> int:
    """The number of Chinese, Japanese or Korean letters."""
    return 0 if run.isascii() else sum(letter >= "\u2e80" for letter in run)


def _headings(paragraphs: list[str], most: int) -> list[str]:
    """The headings at the end, of at most `most` words together; none if there is nothing else."""
    count = 0
    while count < len(paragraphs) - 1 and _HEADING.fullmatch(paragraphs[-1 - count]):
        count += 1
    found = paragraphs[len(paragraphs) - count :]
    return found if _count(found) <= most else []


def _tail(paragraphs: list[str], most: int) -> list[str]:
    """The last paragraphs with at most `most` words together."""
    kept: list[str] = []
    for paragraph in reversed(paragraphs):
        if _count(kept) + count_words(paragraph) > most:
            break
        kept.insert(0, paragraph)
    return kept


def _count(texts: list[str]) -> int:
    return sum(map(count_words, texts))


_HEADING = re.compile(r"#{1,6} .*")
LONGEST, PER_WORD = 40, 8
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
