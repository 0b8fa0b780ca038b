"""A simulation of a cluster's leases: workers that each run several problems at once, without any process."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

from lab.core.shards import Shard
from lab.run.cluster.leases import Leases


@dataclass(frozen=True, slots=True)
class Simulated:
    """`seconds` until the end; `work`: problem seconds divided by all slots; `longest`: of one problem."""

    seconds: float
    work: float
    longest: float
    leases: int
    asked: int


@dataclass(slots=True)
class _Slots:
    """One worker: how many of its slots are busy, and the problems that it has leased and not begun."""

    busy: int = 0
    waiting: deque[tuple[Shard, int]] = field(default_factory=deque)
    held: int = 0


def simulate(
    *, workers: int, problems: int, capacity: int, size: int, sigma: float, seed: int = 0, drain: bool = False
) -> Simulated:
    """Problems take exp(N(0, sigma)) seconds. With `drain`, a worker finishes a shard before the next."""
    chance = random.Random(seed)
    times = [chance.lognormvariate(0, sigma) for _ in range(problems)]
    leases = Leases(iter(range(problems)), size=size, tries=3, workers=workers)
    slots, left = [_Slots() for _ in range(workers)], dict[Shard, int]()
    events: list[tuple[float, int, int, Shard | None]] = [
        (chance.random() / 1e3, n, n, None) for n in range(workers)
    ]
    heapq.heapify(events)
    now, number, asked = 0.0, workers, 0
    while events:
        now, worker, _, ended = heapq.heappop(events)
        mine = slots[worker]
        if ended is not None:
            mine.busy -= 1
            left[ended] -= 1
            if not left[ended]:
                leases.finish(str(worker), ended)
                mine.held -= 1
        while mine.busy + len(mine.waiting) < capacity and not (drain and mine.held):
            asked += 1
            if (lease := leases.lease(str(worker))) is None:
                break
            left[lease.shard], mine.held = len(lease.items), mine.held + 1
            mine.waiting.extend((lease.shard, item) for item in lease.items)
        while mine.busy < capacity and mine.waiting:
            shard, item = mine.waiting.popleft()
            mine.busy, number = mine.busy + 1, number + 1
            heapq.heappush(events, (now + times[item], worker, number, shard))
    return Simulated(now, sum(times) / (workers * capacity), max(times), len(left), asked)
