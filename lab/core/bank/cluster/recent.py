"""A cache that keeps what was used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
Kept = TypeVar("Kept")


class Recent(Generic[Name, Kept]):
    """Keeps values up to a total `most` of their sizes, and always the last one."""

    def __init__(self, most: int) -> None:
        self._most, self._total = most, 0
        self._kept: OrderedDict[Name, tuple[Kept, int]] = OrderedDict()

    def get(self, name: Name, make: Callable[[], Kept], size: Callable[[Kept], int] = lambda kept: 1) -> Kept:
        """The value of this name, made if it is not there."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name][0]
        kept = make()
        self._kept[name] = kept, size(kept)
        self._total += self._kept[name][1]
        while self._total > self._most and len(self._kept) > 1:
            self._total -= self._kept.popitem(last=False)[1][1]
        return kept
