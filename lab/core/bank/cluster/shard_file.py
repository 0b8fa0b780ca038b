"""The completions of a finished shard: an immutable Parquet file, sorted by problem and key.

Any tool can read it. Row groups are small, so that the completions of a few problems can be read alone. Keys
and checksums are not compressed: no file has more rows than its size allows. Pages have checksums as well as
entries, so damage is noticed whatever it hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lab.core.bank.cluster.log import CHECKSUM_BYTES, KEY_BYTES
from lab.core.bank.entry import Entry, checksum
from lab.system.files import atomic_path

ProblemEntry = tuple[str, Entry]
"""A problem's id and a completion of it."""
_ROWS = 64
_BYTES = 1 << 20
_MOST_BYTES = 1 << 32
"""A row group ends after so many rows or bytes; no intact one can be larger than the last number."""
_PACKED = {"problem": "zstd", "owner": "zstd", "value": "zstd", "key": "none", "checksum": "none"}


def _schema() -> Any:
    import pyarrow as pa

    kinds = {"key": pa.binary(KEY_BYTES), "problem": pa.string(), "owner": pa.string()}
    kinds |= {"value": pa.binary(), "checksum": pa.binary(CHECKSUM_BYTES)}
    return pa.schema(list(kinds.items()))


def write_shard_file(path: Path, entries: Iterable[ProblemEntry]) -> None:
    """Writes entries, in order; a file that is there already stays. Memory: one row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, names = _schema(), ["problem", "owner"]
    with atomic_path(path, first=True) as temporary:
        options = {"compression": _PACKED, "use_dictionary": names, "write_statistics": False}
        with pq.ParquetWriter(temporary, schema, **options, write_page_checksum=True) as writer:
            for group in _groups(entries):
                rows = [
                    (key, problem, owner, value, stored) for problem, (key, owner, value, stored) in group
                ]
                columns = zip(*rows, strict=True)
                arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
                writer.write_table(pa.table(arrays, schema=schema))


def _groups(entries: Iterable[ProblemEntry]) -> Iterator[list[ProblemEntry]]:
    group: list[ProblemEntry] = []
    size = 0
    for problem, entry in entries:
        group.append((problem, entry))
        size += len(entry[2])
        if len(group) == _ROWS or size >= _BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


class ShardFile:
    """An open file. All methods raise one of `unreadable()` for a damaged one."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(path, page_checksum_verification=True)
        rows, size = self._file.metadata.num_rows, path.stat().st_size
        if not self._file.schema_arrow.equals(_schema()) or rows * (KEY_BYTES + CHECKSUM_BYTES) > size:
            raise ValueError("it is not a shard's bank")
        self.groups = self._groups_of_problems()
        """Problem -> the numbers of its row groups."""

    def _groups_of_problems(self) -> dict[str, list[int]]:
        column = self._file.read(columns=["problem"]).column(0)
        problems: Iterator[str] = iter(column.to_pylist())
        found: dict[str, list[int]] = {}
        for number in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(number).num_rows
            for problem in dict.fromkeys(islice(problems, rows)):
                found.setdefault(problem, []).append(number)
        return found

    def rows(self, group: int) -> dict[bytes, int]:
        """Key -> row within a row group."""
        keys = self._read(group, ["key"])[0]
        return {key: row for row, key in enumerate(keys)}

    def entries(self, group: int) -> list[Entry | None]:
        """The entries of a row group; None for a damaged one."""
        found = zip(*self._read(group, ["key", "owner", "value", "checksum"]), strict=True)
        return [entry if _intact(entry) else None for entry in found]

    def _read(self, group: int, columns: Sequence[str]) -> list[list[Any]]:
        if self._file.metadata.row_group(group).total_byte_size > _MOST_BYTES:
            raise ValueError("a row group is too large")
        table = self._file.read_row_group(group, columns=list(columns))
        return [table.column(name).to_pylist() for name in columns]


def _intact(entry: Sequence[Any]) -> bool:
    key, owner, value, stored = entry
    return None not in entry and bool(checksum(key, owner, value) == stored)


def unreadable() -> tuple[type[BaseException], ...]:
    """The errors of reading a file that is damaged or gone."""
    import pyarrow as pa

    return (OSError, ValueError, TypeError, MemoryError, pa.ArrowException)
