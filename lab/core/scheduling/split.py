"""The work of a stage that generates completions, in pieces that other processes can do.

A stage's problems have numbers, in reading order. A shard (`lab.core.shards`) is a run of consecutive ones.
Whoever runs a shard writes a part: the same files as the stage's products, for these problems alone. Parts
are put together in order, so the products have the same bytes for every size of shard, number of processes
and order of completion. A stage that one process runs writes its products without parts, with the same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lab.core.ledger import LedgerRow
from lab.core.scheduling.jobs import Job, Outcome

Item = TypeVar("Item")
Case = TypeVar("Case")
Case_contra = TypeVar("Case_contra", contravariant=True)


class Part(Protocol[Case_contra]):
    """Files about some problems, in their order."""

    def extend(self, rows: list[LedgerRow]) -> None:
        """Appends rows to the ledger; those of an outcome come right before it."""
        ...

    def take(self, case: Case_contra, outcome: Outcome[Any]) -> None:
        """Appends one outcome. A product raises StageError if so much failed that the stage must end now."""
        ...


class ShardPart(Part[Case_contra], Protocol[Case_contra]):
    """The files of one shard."""

    def save(self) -> None:
        """Completes them, for `Product.absorb`."""
        ...


class Product(Part[Case_contra], Protocol[Case_contra]):
    """The products of a stage. In one process they take every outcome, otherwise they absorb parts.

    They are also the ledger (`lab.core.ledger.Ledger`) of that one process.
    """

    model: str
    owner: str

    def absorb(self, part: Path) -> None:
        """Appends a part that another process has saved. Raises StageError if it is damaged or not about the
        problems that follow, and as `take` does.
        """
        ...

    def finish(self) -> None:
        """Completes the products. Raises StageError if too much has failed."""
        ...


class SplitWork(Protocol[Item, Case]):
    """The work of one stage on its problems."""

    @property
    def total(self) -> int | None:
        """The number of jobs; None if it is not known in advance."""
        ...

    def notes(self) -> Sequence[str]:
        """Notes for readers of the numbers, as sentences, known before any work is done."""
        ...

    def items(self) -> Iterator[Item]:
        """The problems in reading order, each with all that depends on the others. They can be pickled.

        Memory: one item, as far as the tasks stream.
        """
        ...

    def problem(self, item: Item) -> str:
        """The id of an item's problem."""
        ...

    def cases(self, item: Item) -> Iterator[tuple[Case, Job[Any]]]:
        """The jobs of one problem, in order, each with what a part needs to take its outcome."""
        ...

    def part(self, folder: Path) -> AbstractContextManager[ShardPart[Case]]:
        """Writes one shard into an empty folder."""
        ...

    def product(self, folder: Path) -> AbstractContextManager[Product[Case]]:
        """Writes the stage's products into its folder, each complete or not at all."""
        ...
