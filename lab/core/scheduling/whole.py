"""Does all of a stage's work in one process, without parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from lab.core.scheduling.jobs import Job, Outcome
from lab.core.scheduling.split import SplitWork

Item = TypeVar("Item")
Case = TypeVar("Case")
Run = Callable[..., Iterator[Outcome[Any]]]
"""`run_plans` with everything but the jobs, their number, and the ledger."""


def run_whole(work: SplitWork[Item, Case], folder: Path, run: Run) -> None:
    """Writes the products of `work` into `folder`. Raises StageError if too much has failed."""
    waiting: deque[Case] = deque()

    def jobs() -> Iterator[Job[Any]]:
        """Every job when the scheduler asks for it."""
        for item in work.items():
            for case, job in work.cases(item):
                waiting.append(case)
                yield job

    total = work.total
    with work.product(folder) as product:
        for outcome in run(jobs(), ledger=product, total=total):
            product.take(waiting.popleft(), outcome)
        product.finish()
