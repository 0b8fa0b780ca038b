"""Parquet files that are complete or absent, written and read with a bounded number of rows in memory.

A dataclass defines what is read: its fields are the columns, a field with a list of dataclasses (`list[...]`)
is a column of structs, and a field with a default may be absent from an older file. A reader thus declares
what it needs once, reads nothing else, and its rows are typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from lab.errors import InputError
from lab.system.files import atomic_path

BATCH = 1_024
"""Rows in memory at a time."""
Row = TypeVar("Row")


class ParquetWriter(Generic[Row]):
    """Writes rows to `path`. Use it as a context manager: the file gets its name only on a clean exit.

    `table` makes an Arrow table of rows. A row group ends after `rows` rows, or earlier after a total `size`
    (as passed to `add`). Memory: one row group.
    """

    def __init__(
        self,
        path: Path,
        schema: Any,
        *,
        rows: int,
        size: int | None = None,
        table: Callable[[Sequence[Row]], Any] | None = None,
    ) -> None:
        self._path, self.schema, self._most, self._most_size = path, schema, rows, size
        self._table = table or self._from_mappings
        self._rows: list[Row] = []
        self._tables: list[Any] = []
        self._count = self._size = 0

    def __enter__(self) -> ParquetWriter[Row]:
        import pyarrow.parquet as pq

        self._atomic = atomic_path(self._path)
        self._writer = pq.ParquetWriter(self._atomic.__enter__(), self.schema, compression="zstd")
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            if error[0] is None:
                self._flush()
            self._writer.close()
        except BaseException as failure:
            self._atomic.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._atomic.__exit__(*error)

    def add(self, row: Row, size: int = 0) -> None:
        """Appends one row."""
        self.extend((row,), size)

    def extend(self, rows: Iterable[Row], size: int = 0) -> None:
        """Appends rows in order, all in the same row group."""
        before = len(self._rows)
        self._rows.extend(rows)
        if self._full(len(self._rows) - before, size):
            self._flush()

    def absorb(self, batches: Iterable[Any], units: Iterable[tuple[int, int]]) -> None:
        """Appends the rows of Arrow batches as if they had been added again, with the same bytes.

        `units`: the number of rows and the size of each call of `add` or `extend` that made them, in order.
        Raises ValueError if these are not the rows of the batches.
        """
        source, pending = _RowSource(batches, self.schema), 0
        for rows, size in units:
            pending += rows
            if self._full(rows, size):
                self._tables += source.take(pending)
                pending = 0
                self._flush()
        self._tables += source.take(pending)
        source.end()

    def _full(self, rows: int, size: int) -> bool:
        """Counts rows of the current row group; whether it ends after them."""
        self._count += rows
        self._size += size
        return self._count >= self._most or (self._most_size is not None and self._size >= self._most_size)

    def _flush(self) -> None:
        """Writes a row group; one that has several chunks would be cut into other pages."""
        import pyarrow as pa

        tables = [*self._tables, *([self._table(self._rows)] if self._rows else ())]
        if self._count:
            self._writer.write_table(
                tables[0] if len(tables) == 1 else pa.concat_tables(tables).combine_chunks()
            )
        self._rows.clear()
        self._tables.clear()
        self._count = self._size = 0

    def _from_mappings(self, rows: Sequence[Any]) -> Any:
        import pyarrow as pa

        return pa.Table.from_pylist(list(rows), schema=self.schema)


class _RowSource:
    """The rows of Arrow batches, in pieces of any length."""

    def __init__(self, batches: Iterable[Any], schema: Any) -> None:
        self._batches, self._schema = iter(batches), schema
        self._left: Any = None

    def take(self, count: int) -> Iterator[Any]:
        """Tables with the next `count` rows together."""
        while count:
            batch = self._next()
            piece = batch.slice(0, count)
            self._left = batch.slice(count) if batch.num_rows > count else None
            count -= piece.num_rows
            yield piece

    def end(self) -> None:
        """Raises ValueError if there is another row."""
        if self._left is not None or any(batch.num_rows for batch in self._batches):
            raise ValueError("there are more rows than expected")

    def _next(self) -> Any:
        import pyarrow as pa

        if self._left is not None:
            return self._left
        batch = next(self._batches, None)
        if batch is None:
            raise ValueError("there are fewer rows than expected")
        if not batch.schema.equals(self._schema):
            raise ValueError("the columns are not those expected")
        return pa.Table.from_batches([batch], self._schema)


def schema_of(kind: type) -> Any:
    """The Arrow schema of a dataclass: str, int, float, bool, `| None` of these, and lists of dataclasses."""
    import pyarrow as pa

    return pa.schema([(name, _arrow(hint)) for name, hint in _hints(kind).items()])


def read_rows(
    path: Path, kind: type[Row], *, rows: int = BATCH, pick: Callable[[Any], Any] | None = None
) -> Iterator[Row]:
    """The rows of a file as instances of the dataclass `kind`, `rows` in memory at a time.

    `pick` selects a part of an Arrow batch. A null in a column of lists of structs is an empty list. Raises
    InputError if the file or one of its columns is missing, or if it is not a Parquet file.
    """
    hints = _hints(kind)
    known = {f.name: f.default for f in fields(kind) if f.default is not MISSING}  # type: ignore[arg-type]
    for batch in read_batches(path, columns_of(kind), optional=list(known), rows=rows):
        part = batch if pick is None else pick(batch)
        cells: list[Iterable[Any]] = [
            _cells(part.column(name), hint) if name in part.schema.names else repeat(known[name])
            for name, hint in hints.items()
        ]
        yield from map(kind, *cells)


def read_batches(
    path: Path, columns: Sequence[str], *, optional: Sequence[str] = (), rows: int = BATCH
) -> Iterator[Any]:
    """Arrow batches of these columns (`list.list.element.field` for one of a list of structs).

    Those of `optional` that the file lacks are left out. Raises InputError as `read_rows` does.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _check_there(path)
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            absent = [c for c in columns if c.split(".")[0] not in names]
            if missing := list(dict.fromkeys(c.split(".")[0] for c in absent if c not in optional)):
                raise InputError(f"missing columns: {', '.join(missing)}", where=str(path))
            kept = [c for c in columns if c not in absent]
            yield from file.iter_batches(columns=kept, batch_size=rows)
    except pa.ArrowInvalid as error:
        raise InputError(f"not a readable Parquet file ({error})", where=str(path)) from error


def read_table(path: Path, filters: Any = None, columns: Sequence[str] | None = None) -> Any:
    """A file, or some of its rows or columns, as an Arrow table. Memory: all of what is read."""
    import pyarrow.parquet as pq

    return pq.read_table(path, columns=None if columns is None else list(columns), filters=filters)


def columns_of(kind: type) -> list[str]:
    """The columns that the fields of a dataclass name, as pyarrow selects them."""
    found: list[str] = []
    for name, hint in _hints(kind).items():
        inner = _element(hint)
        found += [name] if inner is None else [f"{name}.list.element.{column}" for column in _hints(inner)]
    return found


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise InputError("a report needs this file of a finished evaluate stage", where=str(path))


def _hints(kind: type[Any]) -> dict[str, Any]:
    """Field -> type, in order."""
    found = get_type_hints(kind)
    return {field.name: found[field.name] for field in fields(kind)}


def _element(hint: Any) -> type | None:
    """The dataclass of a list of dataclasses; None for any other type."""
    inner = get_args(hint)[0] if get_origin(hint) is list else None
    return inner if is_dataclass(inner) and isinstance(inner, type) else None


def _cells(column: Any, hint: Any) -> Sequence[Any]:
    inner = _element(hint)
    return column.to_pylist() if inner is None else _structs(column, inner)


def _structs(column: Any, kind: type) -> list[list[Any]]:
    """A column of lists of structs as lists of `kind`."""
    flat = column.flatten()
    cells = [flat.field(name).to_pylist() for name in _hints(kind)]
    made, found = map(kind, *cells), []
    for length in column.value_lengths().to_pylist():
        found.append([next(made) for _ in range(length or 0)])
    return found


def _arrow(hint: Any) -> Any:
    import pyarrow as pa

    if (inner := _element(hint)) is not None:
        return pa.list_(pa.struct(schema_of(inner)))
    plain = next((part for part in get_args(hint) if part is not type(None)), hint)
    return {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}[plain]
