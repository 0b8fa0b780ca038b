"""The loop of a worker: runs leased shards through one scheduler, and writes each as a part.

A new shard begins as soon as the engine has room, while earlier ones are still running. Outcomes arrive in
the order of their jobs, so the shard being written is always the oldest one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lab.core.ledger import LedgerRow
from lab.core.scheduling.jobs import Job, Outcome
from lab.core.scheduling.split import ShardPart, SplitWork
from lab.core.shards import Shard
from lab.run.cluster.mailbox import Mailbox, ShardGiven
from lab.run.cluster.parts import Parts


class ShardStore(Protocol):
    """The bank of a worker, as far as shards concern it."""

    def open_shard(self, shard: Shard, problems: list[str], folder: Path) -> None:
        """Completions of these problems are kept in `folder` from now on."""
        ...

    def finish_shard(self, shard: Shard) -> None:
        """Keeps the shard's completions for later stages, under their final name."""
        ...


RunPlans = Callable[..., Iterator[Outcome[Any]]]
"""`run_plans` with everything but the jobs and the ledger."""


@dataclass(slots=True)
class _Open:
    """A shard under way. Its part is opened when its first outcome arrives."""

    shard: Shard
    folder: Path
    manager: AbstractContextManager[ShardPart[Any]] | None = None
    part: ShardPart[Any] | None = None


@dataclass(slots=True)
class ShardLoop:
    """Runs the shards that arrive in the mailbox; it is the scheduler's ledger, too.

    `model` and `owner` are those of `lab.core.ledger.Ledger`.
    """

    work: SplitWork[Any, Any]
    parts: Parts
    bank: ShardStore
    mailbox: Mailbox
    name: str
    model: str
    owner: str
    _waiting: deque[tuple[_Open, Any, bool]] = field(default_factory=deque)

    def run(self, plans: RunPlans) -> None:
        """Runs until the driver says that there are no more shards. Errors of engine and stage are raised."""
        try:
            for outcome in plans(self._jobs(), ledger=self):
                opened, case, last = self._waiting.popleft()
                self._part(opened).take(case, outcome)
                if last:
                    self._finish(opened)
        finally:
            for opened, _, _ in self._waiting:
                if opened.manager is not None:
                    opened.manager.__exit__(KeyboardInterrupt, None, None)
                    break

    def extend(self, rows: list[LedgerRow]) -> None:
        """Writes the ledger's rows of the outcome that comes next."""
        self._part(self._waiting[0][0]).extend(rows)

    def _jobs(self) -> Iterator[Job[Any] | None]:
        """The jobs of all shards; None while there is none."""
        while True:
            given = self.mailbox.next(wait=not self._waiting)
            if given is not None:
                yield from self._begin(given)
            elif not self._waiting:
                return
            else:
                yield None

    def _begin(self, given: ShardGiven) -> Iterator[Job[Any]]:
        opened = _Open(given.shard, self.parts.begin(given.shard, self.name))
        self.bank.open_shard(given.shard, [self.work.problem(item) for item in given.items], opened.folder)
        for number, item in enumerate(given.items, 1):
            cases = list(self.work.cases(item))
            for at, (case, job) in enumerate(cases, 1):
                self._waiting.append((opened, case, number == len(given.items) and at == len(cases)))
                yield job

    def _part(self, opened: _Open) -> ShardPart[Any]:
        if opened.part is None:
            opened.manager = self.work.part(opened.folder)
            opened.part = opened.manager.__enter__()
        return opened.part

    def _finish(self, opened: _Open) -> None:
        assert opened.manager is not None
        assert opened.part is not None
        opened.part.save()
        opened.manager.__exit__(None, None, None)
        self.bank.finish_shard(opened.shard)
        self.parts.commit(opened.folder, opened.shard)
        self.mailbox.finished(opened.shard)
