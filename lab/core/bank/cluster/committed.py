"""Completions in the files of finished shards, found by problem and key.

Only what was used last stays in memory: open files, the keys of row groups, and the completions of row
groups. Completions are read when one of their keys is asked for. Problems of another model have other keys,
so their completions are never read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from lab.core.bank.cluster.recent import Recent
from lab.core.bank.cluster.shard_file import ShardFile, unreadable
from lab.core.bank.entry import Entry, decode
from lab.core.bank.samples import Stored

_FILES = 32
_KEYS = 4_096
_BYTES = 32 << 20
Found = TypeVar("Found")


def stored_of(entry: Entry) -> Stored | None:
    """The completion of an entry; None if it is not one."""
    found = decode(entry[2])
    return None if found is None else Stored(found[0], entry[1], found[1], found[2])


class CommittedShards:
    """Reads any number of files of finished shards, and counts what is damaged."""

    def __init__(self) -> None:
        self.damaged = 0
        """The number of damaged files, row groups and entries that were found."""
        self._files = Recent[Path, ShardFile | None](_FILES)
        self._rows = Recent[tuple[Path, int], dict[bytes, int]](_KEYS)
        self._entries = Recent[tuple[Path, int], list[Entry | None]](_BYTES)

    def find(self, paths: Iterable[Path], problem: str, key: bytes) -> Iterator[Stored]:
        """The completions under this key in these files, in order."""
        for path in paths:
            if file := self._file(path):
                found = (self._find(file, path, group, key) for group in file.groups.get(problem, ()))
                yield from filter(None, found)

    def problems(self, path: Path) -> Iterable[str]:
        """The problems of a file; none if it is damaged."""
        file = self._file(path)
        return file.groups if file else ()

    def _file(self, path: Path) -> ShardFile | None:
        return self._files.get(path, lambda: self._readable(lambda: ShardFile(path)))

    def _find(self, file: ShardFile, path: Path, group: int, key: bytes) -> Stored | None:
        rows = self._rows.get((path, group), lambda: self._readable(lambda: file.rows(group)) or {})
        if (row := rows.get(key)) is None:
            return None
        entries = self._entries.get(
            (path, group), lambda: self._readable(lambda: file.entries(group)) or [], _size
        )
        entry = entries[row] if row < len(entries) else None
        stored = stored_of(entry) if entry and entry[0] == key else None
        self.damaged += stored is None
        return stored

    def _readable(self, read: Callable[[], Found]) -> Found | None:
        """What `read` returns; None for a damaged file, and for one that was removed."""
        with suppress(FileNotFoundError):
            try:
                return read()
            except FileNotFoundError:
                raise
            except unreadable():
                self.damaged += 1
        return None


def _size(entries: list[Entry | None]) -> int:
    return sum(len(entry[2]) + 256 for entry in entries if entry)
