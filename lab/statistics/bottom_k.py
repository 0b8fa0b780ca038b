"""A bounded random choice that depends on the items' keys alone: those with the smallest hashes (bottom-k).

The order in which items are offered does not matter, so an interrupted and continued run chooses the same.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Hash = Callable[[str], bytes]


class BottomK(Generic[Item]):
    """Keeps the `size` items whose keys have the smallest hashes; equal keys count once."""

    def __init__(self, size: int, hash: Hash) -> None:
        self._size, self._hash = size, hash
        self._heap: list[tuple[int, str, Item]] = []
        self._held: set[int] = set()

    def add(self, key: str, item: Item) -> None:
        """Offer an item; `key` identifies it."""
        rank = self._rank(key)
        if not self._too_large(rank) and rank not in self._held:
            self._push(rank, key, item)

    def state(self, plain: Callable[[Item], Any] = lambda item: item) -> dict[str, Any]:
        """JSON-able values for `merge`; `plain` makes an item JSON-able."""
        entries = sorted(self._heap, key=lambda entry: -entry[0])
        return {
            "hashes": [-rank for rank, _, _ in entries],
            "keys": [key for _, key, _ in entries],
            "items": [json.dumps(plain(item), ensure_ascii=False) for _, _, item in entries],
        }

    def merge(self, state: Mapping[str, Any], item: Callable[[Any], Item] = lambda plain: plain) -> None:
        """Offers the items of another choice, as if they were offered here; `item` is the inverse of `plain`.

        Those that are not chosen are not decoded. Raises ValueError if a key does not have its hash.
        """
        for hash, key, text in zip(state["hashes"], state["keys"], state["items"], strict=True):
            if self._too_large(-hash):
                return
            if self._rank(key) != -hash:
                raise ValueError(f"'{key}' has another hash")
            if -hash not in self._held:
                self._push(-hash, key, item(json.loads(text)))

    def _rank(self, key: str) -> int:
        return -int.from_bytes(self._hash(key), "big")

    def _too_large(self, rank: int) -> bool:
        return len(self._heap) >= self._size and rank < self._heap[0][0]

    def _push(self, rank: int, key: str, item: Item) -> None:
        self._held.add(rank)
        if len(self._heap) >= self._size:
            self._held.discard(heapq.heapreplace(self._heap, (rank, key, item))[0])
        else:
            heapq.heappush(self._heap, (rank, key, item))

    def shuffled(self) -> list[Item]:
        """The chosen items in random order, so that any first part of them is a random choice too."""
        return [item for _, _, item in sorted(self._heap, key=lambda entry: -entry[0])]

    def ordered(self) -> list[Item]:
        """The chosen items in order of their keys."""
        return [item for _, _, item in sorted(self._heap, key=lambda entry: entry[1])]


def salted(salt: str) -> Hash:
    """A hash of 64 bits in which the salt stands before the key."""
    return lambda key: blake2b(_utf8(f"{salt}\x1f{key}"), digest_size=8).digest()


def keyed(salt: str) -> Hash:
    """A hash of 64 bits under a secret made of the salt."""
    secret = blake2b(salt.encode(), digest_size=16).digest()
    return lambda key: blake2b(_utf8(key), digest_size=8, key=secret).digest()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
