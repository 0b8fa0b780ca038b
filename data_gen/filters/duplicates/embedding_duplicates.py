"""Drops an example that has the same meaning as an earlier one, by sentence embeddings.

Semantic deduplication as in SemDeDup [Abbas et al. 2023, arXiv:2303.09540]: of examples whose cosine
similarity is at least a threshold, one is kept. SemDeDup searches within k-means clusters and keeps the one
farthest from the centre; here the search is exact and the first is kept, as in the other duplicate filters.
"5 + 6 = 11" is not a duplicate of "3 + 4 = 7" although their vectors are nearly equal, so `same_numbers`
compares only examples that mention the same set of numbers. Of SmolLM2's solutions to one gcd problem, those
above 0.95 were reworded copies ("The GCD of 16 and 2 is 2." with "The answer is 2." after it); those at 0.90
were not.

Memory with `scope: corpus` grows by about 1.8 kB per kept example (384 numbers), in blocks of at most 6 MB.
Each example is compared with all kept ones of the same numbers, so a text without numbers costs a pass over
all of them (1.5 GB at a million, 0.2 s: for such sizes use `minhash_duplicates`). Only about the first 190
words of a text are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, ClassVar, Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.similarity.embedding import BUILTIN, embedder, model_fault
from data_gen.similarity.nearness import numbers

PIECE = 4_096
"""Maximum rows of one block of vectors."""


class EmbeddingDuplicates(FilterComponent):
    """Keeps only the first of the examples with one meaning. Dropped examples are not compared with later
    ones.
    """

    compares_meanings: ClassVar[bool] = True

    kind: Literal["embedding_duplicates"] = "embedding_duplicates"
    threshold: float = Field(0.95, gt=0, le=1)
    """Minimum cosine similarity at which two texts have the same meaning."""
    same_numbers: bool = True
    """Only texts with the same set of numbers can have the same meaning."""
    scope: Literal["problem", "corpus"] = "problem"
    """Compare completions of one problem, or question and completion over the whole corpus."""
    embedding_model: str = BUILTIN
    """Embedding model that compares the texts: the built-in all-minilm-l6-v2 (English), a folder, or a Hub id
    of a sentence-transformers model.
    """

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for an embedding model that cannot be found."""
        fault = model_fault(self.embedding_model)
        return [("embedding_model", fault)] if fault else []

    @property
    def local(self) -> bool:
        return self.scope == "problem"

    def open(self, context: Context) -> Screen:
        """A screen with the vectors of the kept examples, emptied after each problem if that is the scope."""
        embed = embedder(self.embedding_model)
        kept: dict[bytes, Vectors] = {}

        def screen(drafts: Sequence[Draft]) -> list[str]:
            if self.local:
                kept.clear()
            texts = [d.text if self.local else f"{d.question}\n{d.text}" for d in drafts]
            pairs = zip(texts, embed(texts), strict=True)
            return [self._judge(kept, text, vector) for text, vector in pairs]

        return screen

    def _judge(self, kept: dict[bytes, Vectors], text: str, vector: Any) -> str:
        group = kept.setdefault(_key(numbers(text)) if self.same_numbers else b"", Vectors())
        similar = group.nearest(vector)
        if similar >= self.threshold:
            return f"similarity {similar:.2f} to an earlier one"
        group.add(vector)
        return ""


def _key(found: frozenset[str]) -> bytes:
    return blake2b(" ".join(sorted(found)).encode(), digest_size=8).digest()


class Vectors:
    """A growing set of vectors with exact search. Blocks double up to PIECE rows; full ones are never
    copied.
    """

    __slots__ = ("_full", "_last", "_used")

    def __init__(self) -> None:
        self._full: list[Any] = []
        self._last: Any = None
        self._used = 0

    def nearest(self, vector: Any) -> float:
        """The largest cosine similarity to one of them; -1 if there is none."""
        pieces = [*self._full, self._last[: self._used]] if self._used else self._full
        return round(max((float((piece @ vector).max()) for piece in pieces), default=-1.0), 4)

    def add(self, vector: Any) -> None:
        """Adds a vector of length 1."""
        import numpy as np

        if self._used == PIECE:
            self._full.append(self._last)
            self._last, self._used = None, 0
        if self._last is None or self._used == len(self._last):
            grown = np.empty((max(1, min(PIECE, 2 * self._used)), len(vector)), dtype=np.float32)
            if self._used:
                grown[: self._used] = self._last
            self._last = grown
        self._last[self._used] = vector
        self._used += 1
