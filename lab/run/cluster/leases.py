"""Which worker runs which shard: leases that shrink towards the end, and what happens if a worker is lost.

While there is more than the workers can hold, a worker may lease as many shards as its engine has room for.
Once the last problem is known, the rest is shared out: nobody holds more than its share, and shards become
smaller, so that a small sweep keeps all workers busy and a large one ends on all of them together (guided
self-scheduling, Polychronopoulos & Kuck 1987).

A shard that was leased by a worker that crashed is a suspect. It is leased again to a worker that holds
nothing else, so that only its own crashes count against it. After `tries` crashes it is given up, and the
rest goes on. All of this decides who computes, never what: results do not depend on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

from lab.core.shards import Shard

Item = TypeVar("Item")
MOST_AHEAD = 100_000
"""The maximum number of problems in memory that nobody has leased yet."""


@dataclass(slots=True)
class Lease(Generic[Item]):
    """A shard with its problems. `crashes`: how many workers crashed while they held it."""

    shard: Shard
    items: tuple[Item, ...]
    crashes: int = 0


class Leases(Generic[Item]):
    """The shards of a stage. `finished`: those of earlier attempts, disjoint; their problems are passed over.

    `size` is the largest number of problems in a shard. Memory: the problems that are leased, and as many
    ahead as the workers need.
    """

    def __init__(
        self,
        items: Iterator[Item],
        *,
        finished: Sequence[Shard] = (),
        size: int,
        tries: int,
        workers: int = 1,
    ) -> None:
        self._items, self._number = items, 0
        self._size, self._tries = size, tries
        self.workers = max(1, workers)
        """The number of workers that share the rest."""
        self.finished = sorted(finished)
        self._before = deque(self.finished)
        self._ahead: deque[tuple[int, Item]] = deque()
        self._held: dict[str, dict[Shard, Lease[Item]]] = {}
        self._lost: deque[Lease[Item]] = deque()
        self._suspects: deque[Lease[Item]] = deque()
        self.given_up: list[Lease[Item]] = []
        """Shards that crashed too many workers."""
        self._exhausted = False
        self._running = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to run; `given_up` may have shards."""
        self._look_ahead()
        return not (self._ahead or self._lost or self._suspects or self._running)

    @property
    def total(self) -> int | None:
        """The number of problems, once it is known."""
        return self._number if self._exhausted else None

    def lease(self, worker: str) -> Lease[Item] | None:
        """The next shard for a worker; None if there is none for it now."""
        held = self._held.setdefault(worker, {})
        if any(lease.crashes for lease in held.values()):
            return None
        lease = self._again() or self._next(held) or self._suspect(held)
        if lease is not None:
            held[lease.shard] = lease
            self._running += len(lease.items)
        return lease

    def finish(self, worker: str, shard: Shard) -> None:
        """A worker has finished a shard."""
        if self._held.get(worker, {}).pop(shard, None) is not None:
            self.finished.append(shard)
            self._running -= len(shard)

    def lose(self, worker: str, *, crashed: bool) -> list[Shard]:
        """A worker is gone with all shards that it holds; `crashed`: they may be the cause."""
        leases = sorted(self._held.pop(worker, {}).values(), key=lambda lease: lease.shard)
        for lease in leases:
            self._running -= len(lease.items)
            lease.crashes += crashed
            if lease.crashes >= self._tries:
                self.given_up.append(lease)
            else:
                (self._suspects if lease.crashes else self._lost).append(lease)
        return [lease.shard for lease in leases]

    def _again(self) -> Lease[Item] | None:
        return self._lost.popleft() if self._lost else None

    def _suspect(self, held: dict[Shard, Lease[Item]]) -> Lease[Item] | None:
        """A suspect, for a worker that holds nothing."""
        return self._suspects.popleft() if self._suspects and not held else None

    def _next(self, held: dict[Shard, Lease[Item]]) -> Lease[Item] | None:
        """A new shard of consecutive problems, if the worker may have more."""
        self._look_ahead()
        room = self._room(sum(map(len, held)))
        if room < 1 or not self._ahead:
            return None
        start, first = self._ahead.popleft()
        items = [first]
        while len(items) < room and self._ahead and self._ahead[0][0] == start + len(items):
            items.append(self._ahead.popleft()[1])
        return Lease(Shard(start, start + len(items)), tuple(items))

    def _room(self, holding: int) -> int:
        """The number of problems of the next shard: at the end, a half of what is left for each worker, and
        not more than a fair share in total.
        """
        if not self._exhausted:
            return self._size
        left = len(self._ahead)
        share = ceil((left + self._running) / self.workers) - holding
        return min(self._size, share, max(1, left // (2 * self.workers)))

    def _look_ahead(self) -> None:
        """Reads problems, so that the end is seen before the last shards are cut."""
        wanted = min(MOST_AHEAD, 2 * self.workers * self._size)
        while not self._exhausted and len(self._ahead) < wanted:
            for item in self._items:
                if not self._passed(self._number):
                    self._ahead.append((self._number, item))
                self._number += 1
                break
            else:
                self._exhausted = True

    def _passed(self, number: int) -> bool:
        """Whether a problem was finished in an earlier attempt."""
        while self._before and self._before[0].end <= number:
            self._before.popleft()
        return bool(self._before) and self._before[0].start <= number
