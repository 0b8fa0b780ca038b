"""The driver: gives shards to workers, replaces lost ones, and puts the finished parts together in order.

It is the only one that decides, in one loop. A part is absorbed as soon as all earlier ones are, while the
workers go on. Finished parts survive everything: whoever starts the stage again gives only the other shards.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any

from lab.core.scheduling.split import Product
from lab.core.shards import Shard
from lab.errors import EngineError, InputError, StageError
from lab.run.cluster.fleet import Fleet, Lost
from lab.run.cluster.leases import Leases
from lab.run.cluster.mailbox import Note, ShardGiven, WorkerReport
from lab.run.cluster.parts import Parts
from lab.system.progress import Progress

HEARTBEAT = 0.5
"""Seconds between two reports of a worker without news; more if there are many workers."""
PER_SECOND = 200
"""The maximum number of reports without news in a second, from all workers together."""
STARTS = 3
"""How many workers may crash in a row before one of them has finished a shard: as many for each shard that
was given up, and one more for each worker.
"""
CLOSING = 30.0
"""Seconds that workers have to close their engines at the end."""
SLOW_START = 60.0
"""Seconds after which the rest of the work is not saved any longer for workers that have not started."""


@dataclass(slots=True)
class _Seen:
    """A worker as the driver sees it; totals of what it did."""

    began: float
    ready: bool = False
    outcomes: int = 0
    tokens: int = 0


@dataclass(slots=True)
class Driver:
    """Runs a stage with `wanted` workers, whose names begin with `name`, which no other driver has used.

    `total`: the number of outcomes, for the progress, where they are called `what`; 0: unknown. `there`:
    workers that were started before, each with a question under way.
    """

    leases: Leases[Any]
    fleet: Fleet
    parts: Parts
    product: Product[Any]
    progress: Progress
    wanted: int
    name: str
    total: int = 0
    there: Sequence[str] = ()
    what: str = "problems"
    notes: dict[Note, None] = field(default_factory=dict)
    """What the workers said, each once."""
    _workers: dict[str, _Seen] = field(default_factory=dict)
    _ready: list[Shard] = field(default_factory=list)
    _absorbed: int = 0
    _started: int = 0
    _lost_in_row: int = 0
    _gone: _Seen = field(default_factory=lambda: _Seen(0.0))
    _why: str = ""

    def run(self) -> None:
        """Returns when every shard is absorbed. Raises StageError (naming the shards that crashed several
        workers, after all others are finished), InputError or EngineError.
        """
        self._ready = list(self.leases.finished)
        heapify(self._ready)
        self._workers = {name: _Seen(time.monotonic()) for name in self.there}
        self.progress.start(self.what, self.total)
        try:
            while not self.leases.done:
                self._fill()
                for name, news in self.fleet.wait(HEARTBEAT):
                    self._heard(name, news)
                self._absorb()
            self._absorb()
            self._close()
            self._require_all()
        finally:
            for name in list(self._workers):
                self.fleet.stop(name)
            self.progress.stop()

    def _fill(self) -> None:
        """Starts workers up to the wanted number, and says how many share the rest."""
        while len(self._workers) < self.wanted:
            name = f"{self.name}.d{self._started}"
            self._workers[name] = _Seen(time.monotonic())
            self._started += 1
            self.fleet.start(name)
        now = time.monotonic()
        self.leases.workers = max(
            1, sum(seen.ready or now - seen.began < SLOW_START for seen in self._workers.values())
        )

    def _heard(self, name: str, news: WorkerReport | Lost) -> None:
        if isinstance(news, Lost):
            self._lose(name, crashed=news.crashed, why=news.why)
            return
        seen = self._workers[name]
        seen.ready, seen.outcomes, seen.tokens = True, news.outcomes, news.tokens
        self._tell(news)
        for shard in news.finished:
            self.leases.finish(name, shard)
            heappush(self._ready, shard)
            self._lost_in_row = 0
        self.progress.update(self._total("outcomes"), self._total("tokens"))
        if news.failure:
            self._failed(name, *news.failure)
        elif not news.ended:
            self._give(name, hungry=news.hungry)

    def _tell(self, news: WorkerReport) -> None:
        """Shows each note once; those about the numbers are kept."""
        for note in news.notes:
            if note not in self.notes:
                self.notes[note] = None
                self.progress.note(note.text)

    def _close(self) -> None:
        """Lets the workers close their engines, which may have something to say about how they answered."""
        for name in self._workers:
            self.fleet.exchange(name, (), more=False, close=True, seconds=CLOSING)
        last = time.monotonic() + CLOSING
        open_ = {name for name, seen in self._workers.items() if seen.ready}
        while open_ and time.monotonic() < last:
            for name, news in self.fleet.wait(HEARTBEAT):
                if isinstance(news, Lost) or news.ended:
                    open_.discard(name)
                if isinstance(news, WorkerReport):
                    self._tell(news)

    def _give(self, name: str, *, hungry: bool) -> None:
        """A shard for a worker that has room, and the question for more news."""
        lease = self.leases.lease(name) if hungry else None
        given = [] if lease is None else [ShardGiven(lease.shard, lease.items)]
        more = lease is not None or not hungry
        seconds = max(HEARTBEAT, len(self._workers) / PER_SECOND)
        self.fleet.exchange(name, given, more=more, close=False, seconds=seconds)

    def _failed(self, name: str, kind: str, message: str) -> None:
        """A worker's own error: the engine's costs the worker, any other ends the stage."""
        if kind == "input":
            raise InputError(message)
        if kind != "engine":
            raise StageError(message)
        self._lose(name, crashed=True, why=message)

    def _lose(self, name: str, *, crashed: bool, why: str) -> None:
        self.fleet.stop(name)
        seen = self._workers.pop(name)
        self._gone.outcomes += seen.outcomes
        self._gone.tokens += seen.tokens
        lost = self.leases.lose(name, crashed=crashed)
        again = f"; {len(lost)} unfinished shards are run again" if lost else ""
        self.progress.note(f"worker {name} was lost{again}: {why}")
        self._why = why
        self._lost_in_row += crashed
        if self._lost_in_row > STARTS * max(1, len(self.leases.given_up)) + self.wanted:
            raise EngineError(f"{self._lost_in_row} workers were lost in a row, the last: {why}")

    def _absorb(self) -> None:
        """Adds the finished parts that come next."""
        while self._ready and self._ready[0].start == self._absorbed:
            shard = heappop(self._ready)
            self.product.absorb(self.parts.wait_for(shard))
            self._absorbed = shard.end

    def _require_all(self) -> None:
        """Raises StageError if a shard is missing."""
        if self.leases.given_up:
            raise StageError(_given_up(self.leases, self._why))
        if self._absorbed != self.leases.total:
            raise StageError(f"the problems from number {self._absorbed} on are missing")

    def _total(self, what: str) -> int:
        return sum(getattr(seen, what) for seen in (self._gone, *self._workers.values()))


def _given_up(leases: Leases[Any], why: str) -> str:
    shards = sorted(lease.shard for lease in leases.given_up)
    numbers = ", ".join(_numbers(shard) for shard in shards[:5])
    more = f" and {len(shards) - 5} more shards" if len(shards) > 5 else ""
    crashes = max(lease.crashes for lease in leases.given_up)
    return (
        f"the engine crashed {crashes} times on the same problems: number {numbers}{more} (in reading order, "
        f"from 0). All others are finished and kept. The last crash: {why}"
    )


def _numbers(shard: Shard) -> str:
    return f"{shard.start} to {shard.end - 1}" if len(shard) > 1 else str(shard.start)
