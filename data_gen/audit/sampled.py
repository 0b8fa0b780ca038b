"""A bounded random choice of texts that depends on the texts' keys alone (bottom-k by hash).

The order in which texts are offered does not matter, so an interrupted and continued run chooses the same.
"""

from __future__ import annotations

import heapq
from hashlib import blake2b


class Texts:
    """Keeps the `size` texts whose keys have the smallest hashes; equal keys count once."""

    def __init__(self, size: int, salt: str, longest: int) -> None:
        self._size, self._longest = size, longest
        self._key = blake2b(salt.encode(), digest_size=16).digest()
        self._heap: list[tuple[int, str]] = []
        self._held: set[int] = set()

    def add(self, key: str, text: str) -> None:
        """Offer a text, of which the first `longest` characters are kept."""
        digest = blake2b(key.encode("utf-8", "replace"), digest_size=8, key=self._key).digest()
        rank = -int.from_bytes(digest, "big")
        full = len(self._heap) >= self._size
        if (full and rank < self._heap[0][0]) or rank in self._held:
            return
        self._held.add(rank)
        entry = (rank, text[: self._longest])
        if full:
            self._held.discard(heapq.heapreplace(self._heap, entry)[0])
        else:
            heapq.heappush(self._heap, entry)

    def texts(self) -> list[str]:
        """The chosen texts in random order, so that any first part of them is a random choice too."""
        return [text for _, text in sorted(self._heap, reverse=True)]
