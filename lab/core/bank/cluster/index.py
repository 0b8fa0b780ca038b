"""Which file of a finished stage has which problems: a sorted table of hashes on disk, with a small head.

The head has the numbers of shards and rows, the shards, and every 512th hash (a fence). A row is the 8-byte
hash of a problem's id and the number of its shard. A look-up reads the rows between two fences: 8 KiB, also
for 10^7 problems, of which 160 KiB are in memory. Two problems with one hash only cost the look-up of a
wrong file, since completions are found by their key.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab.core.bank.cluster.committed import CommittedShards
from lab.core.bank.cluster.places import FOLDER, INDEX, bank_file, finished_shards
from lab.core.shards import Shard
from lab.system.files import atomic_path

_MARK = b"labbank1"
_HEAD = struct.Struct("<8sQQ")
_STEP = 512


def _row() -> Any:
    import numpy as np

    return np.dtype([("hash", "<u8"), ("shard", "<u4")])


def hash_of(problem: str) -> int:
    """The 8-byte hash of a problem's id."""
    digest = hashlib.blake2b(problem.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def write_index(stage: Path) -> int:
    """Writes the index of a stage's finished shards; without any, nothing. Returns the number of damaged
    files.

    Memory: 40 bytes per problem.
    """
    files, shards = CommittedShards(), finished_shards(stage)
    if shards:
        problems = (files.problems(bank_file(stage, shard)) for shard in shards)
        _write(stage / FOLDER / INDEX, shards, problems)
    return files.damaged


def _write(path: Path, shards: list[Shard], problems: Iterable[Iterable[str]]) -> None:
    import numpy as np

    pairs = ((hash_of(problem), number) for number, found in enumerate(problems) for problem in found)
    rows = np.fromiter(pairs, dtype=_row())
    rows = rows[np.argsort(rows["hash"], kind="stable")]
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(_HEAD.pack(_MARK, len(shards), len(rows)))
        file.write(np.array([(shard.start, shard.end) for shard in shards], "<u8").tobytes())
        file.write(rows["hash"][::_STEP].tobytes())
        rows.tofile(file)


class BankIndex:
    """The index of one stage. Raises OSError, and ValueError for a damaged one."""

    def __init__(self, path: Path) -> None:
        import numpy as np

        self.stage = path.parent.parent
        self._path = path
        with path.open("rb") as file:
            size = path.stat().st_size
            mark, shards, self._rows = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size))
            fences = -(-self._rows // _STEP)
            self._start = _HEAD.size + 16 * shards + 8 * fences
            if mark != _MARK or self._start + _row().itemsize * self._rows != size:
                raise ValueError(f"{path} is not an index of a bank")
            self._shards = np.frombuffer(file.read(16 * shards), "<u8").reshape(-1, 2)
            self._fences = np.frombuffer(file.read(8 * fences), "<u8")

    def files_for(self, problems: Iterable[str]) -> dict[str, list[Path]]:
        """Problem -> the files that may have completions of it; without the problems of no file.

        Raises as the constructor does.
        """
        found = {}
        with self._path.open("rb", buffering=0) as file:
            for problem in problems:
                if paths := [self._file(number) for number in self._numbers(file, hash_of(problem))]:
                    found[problem] = paths
        return found

    def _numbers(self, file: Any, wanted: int) -> list[int]:
        """The numbers of the shards whose rows have this hash."""
        import numpy as np

        value = np.uint64(wanted)
        first = max(int(np.searchsorted(self._fences, value, "left")) - 1, 0) * _STEP
        last = min(int(np.searchsorted(self._fences, value, "right")) * _STEP, self._rows)
        if first >= last:
            return []
        file.seek(self._start + _row().itemsize * first)
        data = file.read(_row().itemsize * (last - first))
        rows = np.frombuffer(data[: len(data) // _row().itemsize * _row().itemsize], _row())
        return [int(n) for n in rows["shard"][rows["hash"] == value]]

    def _file(self, number: int) -> Path:
        if number >= len(self._shards):
            raise ValueError(f"{self._path} names a file that it does not list")
        start, end = map(int, self._shards[number])
        return bank_file(self.stage, Shard(start, end))
