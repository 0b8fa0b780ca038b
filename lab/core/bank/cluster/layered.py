"""The bank of one process where some stages have run on a cluster: SQLite first, then their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lab.core.bank.cluster.catalogue import BankCatalogue
from lab.core.bank.cluster.committed import CommittedShards
from lab.core.bank.cluster.recent import Recent
from lab.core.bank.cluster.settled import settle
from lab.core.bank.samples import Asked, Banked, Stored, asked_by, first_giving
from lab.core.bank.store import Bank
from lab.core.types import Completion

_PROBLEMS = 16_384


def open_bank(
    path: Path, stage: Path, *, tell: Callable[[str], None] = lambda text: None
) -> Bank | LayeredBank:
    """The bank for a stage that one process runs; that of SQLite alone if no stage has run on a cluster.

    `path`: the SQLite bank, in the folder of all runs.
    """
    settle(stage, tell)
    catalogue = BankCatalogue(path.parent)
    bank = Bank(path, tell=tell)
    return LayeredBank(bank, catalogue, tell) if len(catalogue) else bank


class LayeredBank:
    """A `CompletionStore` that writes into `bank`, and also reads the files that `catalogue` lists."""

    def __init__(self, bank: Bank, catalogue: BankCatalogue, tell: Callable[[str], None]) -> None:
        self._bank, self._catalogue, self._tell = bank, catalogue, tell
        self._committed = CommittedShards()
        self._files = Recent[str, list[Path]](_PROBLEMS)

    @property
    def former(self) -> bool:
        """See `CompletionStore`."""
        return self._bank.former

    def get(
        self,
        key: bytes,
        *,
        problem: str,
        logprobs: bool = False,
        certainty: bool = False,
        former: bytes | None = None,
    ) -> Banked | None:
        """See `CompletionStore`."""
        found = self._bank.get(key, logprobs=logprobs, certainty=certainty)
        found = found or first_giving(self._stored(key, problem), logprobs, certainty)
        if found is None and former is not None:
            return self._bank.get(key, logprobs=logprobs, certainty=certainty, former=former)
        return found

    def asked(self, key: bytes, *, problem: str) -> Asked:
        """See `CompletionStore`."""
        return self._bank.asked(key) | asked_by(self._stored(key, problem))

    def put(
        self,
        key: bytes,
        completion: Completion,
        owner: str,
        *,
        certainty: bool = False,
        logprobs: bool = False,
    ) -> Completion:
        """See `CompletionStore`."""
        return self._bank.put(key, completion, owner, certainty=certainty, logprobs=logprobs)

    def commit(self) -> None:
        """See `CompletionStore`."""
        self._bank.commit()

    def close(self) -> None:
        """Closes the SQLite bank and reports damaged entries. It can be called more than once."""
        try:
            self._bank.close()
        finally:
            if damaged := self._catalogue.damaged + self._committed.damaged:
                self._tell(f"{damaged:,} damaged entries and files of stages on a cluster were ignored")
            self._catalogue.damaged = self._committed.damaged = 0

    def _stored(self, key: bytes, problem: str) -> Iterator[Stored]:
        paths = self._files.get(problem, lambda: self._catalogue.files_for([problem]).get(problem, []))
        return self._committed.find(paths, problem, key)
