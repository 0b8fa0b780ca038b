"""All files of finished shards under the folder of all runs: which of them may have a problem."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lab.core.bank.cluster.index import BankIndex
from lab.core.bank.cluster.places import indexes
from lab.core.bank.cluster.shard_file import unreadable


class BankCatalogue:
    """The indexes of the stages under `runs`, listed once; not that of the stage `without`."""

    def __init__(self, runs: Path, *, without: Path | None = None) -> None:
        self.damaged = 0
        """The number of damaged indexes, which are not used."""
        self._indexes: list[BankIndex] = []
        for path in indexes(runs):
            if without is None or path.parent.parent != without:
                self._add(path)

    def __len__(self) -> int:
        return len(self._indexes)

    def files_for(self, problems: Iterable[str]) -> dict[str, list[Path]]:
        """Problem -> the files that may have completions of it; without the problems of no file."""
        wanted, found = list(problems), dict[str, list[Path]]()
        for index in list(self._indexes):
            try:
                for problem, paths in index.files_for(wanted).items():
                    found.setdefault(problem, []).extend(paths)
            except unreadable() as error:
                self._indexes.remove(index)
                self.damaged += not isinstance(error, FileNotFoundError)
        return found

    def _add(self, path: Path) -> None:
        try:
            self._indexes.append(BankIndex(path))
        except unreadable() as error:
            self.damaged += not isinstance(error, FileNotFoundError)
