"""What a part of a generate stage has besides its ledger.

state.json: the counts of its problems. rows.parquet: the rows that it adds to the corpus, in the corpus's
columns. drafts.parquet instead of it: what its filters kept, if others follow that need all problems; one row
per problem that did not fail, each encoded (data_gen/generation/encoding.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab.formats import corpus
from lab.formats.parquet import ParquetWriter, read_batches
from lab.system.files import write_atomic

STATE, ROWS, DRAFTS = "state.json", "rows.parquet", "drafts.parquet"
DRAFTS_PER_GROUP, BYTES_PER_GROUP = 1_000, 1 << 23
BATCH = 256
"""Problems whose drafts are in memory at a time."""


def write_state(state: Mapping[str, Any], folder: Path) -> None:
    """Writes `folder`/state.json."""
    write_atomic(folder / STATE, _text(state))


def read_state(folder: Path) -> dict[str, Any]:
    """Its content. Raises OSError and ValueError."""
    found = json.loads((folder / STATE).read_bytes().decode("utf-8", "surrogatepass"))
    if not isinstance(found, dict):
        raise ValueError(f"{STATE} is not an object")
    return found


def rows_writer(folder: Path, shape: corpus.Shape) -> ParquetWriter[Mapping[str, Any]]:
    """Writes `folder`/rows.parquet."""
    return ParquetWriter(folder / ROWS, corpus.schema(shape), rows=corpus.ROWS_PER_GROUP)


def read_rows(folder: Path, shape: corpus.Shape) -> Iterator[Any]:
    """The rows as Arrow batches. Raises InputError and ValueError."""
    return read_batches(folder / ROWS, corpus.schema(shape).names, rows=corpus.ROWS_PER_GROUP)


class DraftsWriter:
    """Writes `folder`/drafts.parquet. Use it as a context manager. Memory: one row group."""

    def __init__(self, folder: Path) -> None:
        import pyarrow as pa

        self._rows: ParquetWriter[Mapping[str, Any]] = ParquetWriter(
            folder / DRAFTS,
            pa.schema([(_COLUMN, pa.binary())]),
            rows=DRAFTS_PER_GROUP,
            size=BYTES_PER_GROUP,
        )

    def __enter__(self) -> DraftsWriter:
        self._rows.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._rows.__exit__(*error)

    def add(self, drafts: Any) -> None:
        """Appends the drafts of one problem, JSON-able."""
        data = _text(drafts)
        self._rows.add({_COLUMN: data}, len(data))


def read_drafts(folder: Path) -> Iterator[Any]:
    """What `add` was given, one by one. Raises InputError and ValueError."""
    for batch in read_batches(folder / DRAFTS, [_COLUMN], rows=BATCH):
        for data in batch.column(_COLUMN):
            yield json.loads(data.as_py().decode("utf-8", "surrogatepass"))


def _text(value: Any) -> bytes:
    """JSON in which every string comes back as it was, lone halves of surrogate pairs included."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


_COLUMN = "drafts"
