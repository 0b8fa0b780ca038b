"""Retrieves the passages of a document collection that match a question, by BM25 (Robertson et al. 1994).

The collection is the World Factbook that comes with the lab, or your own documents; it is split into passages
and indexed once per process. Words are compared without case and accents; English stop words are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lab.language.normalise import normalise
from lab.tasks.documents.source import Documents, DocumentSource, Factbook


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document: `key` is unique ("ja/Government#1"), `title` is the document's."""

    key: str
    title: str
    text: str


class Index:
    """Passages by BM25 (bm25s, Lucene's variant), including their titles."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        import bm25s

        self._passages = passages
        self._bm25: Any = bm25s.BM25(k1=K1, b=B)
        self._bm25.index([words(f"{p.title} {p.text}") for p in passages], show_progress=False)

    def best(self, text: str, count: int) -> list[Passage]:
        """At most `count` passages that share a word with the text, best first; ties in the order of the
        collection.
        """
        import numpy as np

        known = [word for word in words(text) if word in self._bm25.vocab_dict]
        if not known:
            return []
        scores = self._bm25.get_scores(known)
        order = np.argsort(-scores, kind="stable")[:count]
        return [self._passages[i] for i in order if scores[i] > 0]


@lru_cache(maxsize=4)
def index_of(path: str, max_words: int) -> Index:
    """The index of the documents at `path` ("": the World Factbook). Raises InputError if there are none."""
    lengths = {"max_words": max_words, "min_words": 1}
    source: DocumentSource = Documents(path=path, **lengths) if path else Factbook(**lengths)
    found = ((e.key, str(e.meta["title"]), str(e.meta["document"])) for e in source.entries())
    return Index([Passage(*entry) for entry in found])


def query(text: str) -> str:
    """The question in a user turn: its sentences with a question mark, else all of it.

    Otherwise "Answer in one short sentence." would find passages about sentences.
    """
    asking = [s for s in _SENTENCE_END.split(text) if s.rstrip().endswith("?")]
    return " ".join(asking) or text


def words(text: str) -> list[str]:
    """Its words as they are indexed."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    return [word for word in normalise(text).split() if word not in STOPWORDS_EN_PLUS]


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")

K1, B = 0.5, 0.3
"""BM25's parameters for repetition and length. On 200 training questions of `facts` (capitals, currencies,
continents) the gold was in one of the three best passages of the World Factbook (60 words each) for 0.85 of
them, and for 0.58 with the usual 1.5 and 0.75, which favour passages that repeat the country's name.
"""
