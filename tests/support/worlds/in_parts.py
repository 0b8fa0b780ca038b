"""Does a stage's work in shards, each with a scheduler of its own, in any order, and joins the parts."""

from __future__ import annotations

import pickle
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core.ledger import LedgerRow
from lab.core.scheduling.jobs import Job, Outcome
from lab.core.scheduling.split import ShardPart, SplitWork
from lab.core.shards import Shard

Scheduling = Callable[..., Iterator[Outcome[Any]]]
"""`run_plans` with everything but the jobs and the ledger: a new engine and a new bank for every call."""


@dataclass
class Forwarded:
    """The ledger of a process whose rows go to the part of the current shard."""

    part: ShardPart[Any]
    model: str = "tiny"
    owner: str = "somebody"

    def extend(self, rows: list[LedgerRow]) -> None:
        self.part.extend(rows)


def shards(work: SplitWork[Any, Any], size: int) -> list[tuple[Shard, list[bytes]]]:
    """The items of each shard, as another process gets them."""
    items = [pickle.dumps(item) for item in work.items()]
    bounds = [Shard(at, min(at + size, len(items))) for at in range(0, len(items), size)]
    return [(shard, items[shard.start : shard.end]) for shard in bounds]


def do(work: SplitWork[Any, Any], items: list[bytes], folder: Path, run: Scheduling) -> None:
    """Writes one part."""
    waiting: deque[Any] = deque()

    def jobs() -> Iterator[Job[Any]]:
        for item in items:
            for case, job in work.cases(pickle.loads(item)):
                waiting.append(case)
                yield job

    folder.mkdir(parents=True)
    with work.part(folder) as part:
        for outcome in run(jobs(), ledger=Forwarded(part)):
            part.take(waiting.popleft(), outcome)
        part.save()


def in_parts(
    make: Callable[[], SplitWork[Any, Any]], out: Path, run: Scheduling, size: int, seed: int = 0
) -> list[Path]:
    """Writes the products into `out`; returns the parts. `make`: the work, for each process."""
    driver = make()
    todo = shards(driver, size)
    folders = [out / ".parts" / str(shard) for shard, _ in todo]
    order = list(zip(todo, folders, strict=True))
    random.Random(seed).shuffle(order)
    for (_, items), folder in order:
        do(make(), items, folder, run)
    absorb(driver, out, folders)
    return folders


def absorb(driver: SplitWork[Any, Any], out: Path, folders: list[Path]) -> None:
    """Puts the parts together."""
    with driver.product(out) as product:
        for folder in folders:
            product.absorb(folder)
        product.finish()
