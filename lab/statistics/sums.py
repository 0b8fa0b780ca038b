"""Counts that add up: what several processes count becomes what one would have counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any


class Sums:
    """Base of dataclasses whose fields are whole numbers and Counters of strings, numbers or tuples of these.

    A Counter has its keys in the order in which they first occurred, also after `merge`.
    """

    __slots__ = ()

    def state(self) -> dict[str, Any]:
        """JSON-able values for `merge`."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds the counts of what follows. Raises ValueError if they are no counts."""
        for name in (f.name for f in fields(self)):  # type: ignore[arg-type]
            mine = getattr(self, name)
            if isinstance(mine, Counter):
                add_pairs(mine, state[name])
            else:
                setattr(self, name, mine + count_of(state[name]))


def pairs(counts: Mapping[Any, int]) -> list[tuple[Any, int]]:
    """The (key, count) pairs in order, JSON-able."""
    return list(counts.items())


def add_pairs(counts: Counter[Any], found: Any) -> None:
    """Adds pairs that were JSON; lists in it were tuples."""
    for key, count in found:
        counts[tuple(key) if isinstance(key, list) else key] += count_of(count)


def count_of(value: Any) -> int:
    """A count. Raises ValueError if it is something else."""
    if type(value) is not int or value < 0:
        raise ValueError(f"expected a count, found {str(value)[:40]}")
    return value


def _plain(value: Any) -> Any:
    return pairs(value) if isinstance(value, Counter) else value
