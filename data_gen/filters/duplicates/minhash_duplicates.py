"""Drops an example that is nearly equal to an earlier one (MinHash with locality-sensitive hashing).

Each text is a set of word n-grams. MinHash estimates the Jaccard similarity of two sets from `num_perm`
numbers each [Broder 1997], and banding finds candidate pairs without comparing all pairs. Candidates are
confirmed by their estimated similarity. With `scope: corpus` the index is kept for the complete stage: memory
grows by about 4 kB per kept example at 128 permutations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.similarity.words import words

BATCH = 4096
"""N-grams hashed at a time: memory is this number times `num_perm` numbers."""
MISSED_COUNTS = (0.1, 0.9)
"""The weights of a false candidate and of a missed pair when bands are chosen. Candidates are confirmed, so a
false one costs little: of pairs of similarity 0.84 at a threshold of 0.8, 96 % become candidates, and with
equal weights 60 %.
"""


class MinHashDuplicates(FilterComponent):
    """Keeps only the first of several near-duplicates. Dropped examples are not compared with later ones."""

    kind: Literal["minhash_duplicates"] = "minhash_duplicates"
    threshold: float = Field(0.8, gt=0, lt=1)
    """Minimum estimated Jaccard similarity of the n-gram sets at which two texts are near-duplicates."""
    ngram: int = Field(5, ge=1)
    """Words per n-gram (a character is one in scripts without spaces); a shorter text is a single n-gram."""
    num_perm: int = Field(128, ge=16, le=1024)
    """Number of hash functions; the standard error of the similarity is about 0.5 / sqrt(num_perm)."""
    scope: Literal["problem", "corpus"] = "problem"
    """Compare completions of one problem, or question and completion over the whole corpus."""

    @property
    def local(self) -> bool:
        return self.scope == "problem"

    def open(self, context: Context) -> Screen:
        """A screen with an index of the kept examples, emptied after each problem if the scope is the
        problem.
        """
        index = self._index()

        def screen(drafts: Sequence[Draft]) -> list[str]:
            nonlocal index
            if self.local:
                index = self._index()
            return [self._judge(index, draft) for draft in drafts]

        return screen

    def _index(self) -> Any:
        from datasketch import MinHashLSH

        return MinHashLSH(threshold=self.threshold, num_perm=self.num_perm, weights=MISSED_COUNTS)

    def _judge(self, index: Any, draft: Draft) -> str:
        signature = self._signature(draft)
        similar = max((held.jaccard(signature) for held in index.query(signature)), default=0.0)
        if similar >= self.threshold:
            return f"similarity {similar:.2f} to an earlier one"
        index.insert(signature, signature, check_duplication=False)
        return ""

    def _signature(self, draft: Draft) -> Any:
        from datasketch import LeanMinHash, MinHash

        text = draft.text if self.local else f"{draft.question}\n{draft.text}"
        found = words(text)
        starts = range(max(1, len(found) - self.ngram + 1))
        grams = list({" ".join(found[i : i + self.ngram]) for i in starts})
        sketch = MinHash(num_perm=self.num_perm, seed=1)
        for start in range(0, len(grams), BATCH):
            sketch.update_batch([gram.encode("utf-8", "replace") for gram in grams[start : start + BATCH]])
        return LeanMinHash(sketch)
