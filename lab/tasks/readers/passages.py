"""Long texts to passages that fit a small model's context.

A passage is a run of whole paragraphs of at most so many words. A paragraph that is longer by itself is cut
at the ends of sentences, a sentence that is longer between words. With an overlap, a passage begins with the
last paragraphs of the one before it. A heading goes with the paragraph under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def passages(text: str, max_words: int, overlap: int = 0) -> list[str]:
    """Passages of at most `max_words` words, in order; `overlap` words at most are shared by neighbours."""
    found: list[str] = []
    current: list[str] = []
    for piece in _pieces(text, max_words):
        if current and _count(current) + _words(piece) > max_words:
            headings = _headings(current, max_words - _words(piece))
            found.append("\n\n".join(current[: len(current) - len(headings)]))
            current = headings or _tail(current, min(overlap, max_words - _words(piece)))
        current.append(piece)
    return [*found, "\n\n".join(current)] if current else found


def _pieces(text: str, most: int) -> Iterator[str]:
    """Paragraphs, cut where one alone is too long."""
    for paragraph in filter(None, map(str.strip, re.split(r"\n\s*\n", text))):
        if _words(paragraph) <= most:
            yield paragraph
        else:
            yield from _packed(_SENTENCE_END.split(paragraph), most)


def _packed(sentences: list[str], most: int) -> Iterator[str]:
    """Sentences joined to pieces of at most `most` words."""
    current: list[str] = []
    for sentence in sentences:
        words = sentence.split()
        if current and len(current) + len(words) > most:
            yield " ".join(current)
            current = []
        current += words
        while len(current) > most:
            yield " ".join(current[:most])
            current = current[most:]
    if current:
        yield " ".join(current)


def _headings(paragraphs: list[str], most: int) -> list[str]:
    """The headings at the end, of at most `most` words together; none where there is nothing else."""
    count = 0
    while count < len(paragraphs) - 1 and _HEADING.fullmatch(paragraphs[-1 - count]):
        count += 1
    found = paragraphs[len(paragraphs) - count :]
    return found if _count(found) <= most else []


def _tail(paragraphs: list[str], most: int) -> list[str]:
    """The last paragraphs with at most `most` words together."""
    kept: list[str] = []
    for paragraph in reversed(paragraphs):
        if _count(kept) + _words(paragraph) > most:
            break
        kept.insert(0, paragraph)
    return kept


def _words(text: str) -> int:
    return len(text.split())


def _count(texts: list[str]) -> int:
    return sum(map(_words, texts))


_HEADING = re.compile(r"#{1,6} .*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
