"""ledger.parquet: the ledger's rows (`lab.core.ledger.LedgerRow`), with their run and stage.

An unknown number (NaN in memory) is null; sums with it are unknown, too. The file gets its name only when it
is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from lab.core.ledger import LedgerRow
from lab.formats import parquet

FILE = "ledger.parquet"
DEV_FILE = "ledger_dev.parquet"
"""The ledger of strategies that learn, for dev problems."""
FILES = "ledger*.parquet"
"""All ledgers of a stage."""
SERVED_FROM = "served_from"
ROW_GROUP = 8_192


def schema() -> Any:
    """The Arrow schema of the file."""
    import pyarrow as pa

    head = [pa.field(name, pa.string()) for name in ("run", "stage")]
    return pa.schema([*head, *parquet.schema_of(LedgerRow)])


class LedgerWriter:
    """Writes `path`. Use it as a context manager: the file is renamed into place only on a clean exit.
    Memory: one row group.

    It is the `Ledger` to which the scheduler writes; see there for `model` and `owner`.
    """

    def __init__(self, path: Path, *, run: str, stage: str, model: str) -> None:
        self.model, self.owner = model, f"{run}/{path.parent.name}"
        self._head = {"run": run, "stage": stage}
        self._rows = parquet.ParquetWriter[LedgerRow](path, schema(), rows=ROW_GROUP, table=self._table)

    def __enter__(self) -> LedgerWriter:
        self._rows.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._rows.__exit__(*error)

    def extend(self, rows: list[LedgerRow]) -> None:
        """Appends rows in order."""
        self._rows.extend(rows)

    def absorb(self, batches: Iterable[Any], counts: Iterable[int]) -> None:
        """Appends the rows of Arrow batches with all columns; `counts`: those of each call of `extend` that
        made them. Raises ValueError if these are not the rows of the batches.
        """
        self._rows.absorb(batches, ((count, 0) for count in counts))

    def _table(self, rows: Sequence[LedgerRow]) -> Any:
        import pyarrow as pa

        columns: dict[str, Any] = {name: [value] * len(rows) for name, value in self._head.items()}
        columns |= {f.name: [getattr(row, f.name) for row in rows] for f in fields(LedgerRow)}
        arrays = [pa.array(columns[f.name], f.type, from_pandas=True) for f in schema()]
        return pa.table(arrays, schema=schema())


def read_ledger(path: Path, columns: Sequence[str]) -> Any:
    """Some columns of a ledger as an Arrow table."""
    return parquet.read_table(path, columns=columns)


def read_batches(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    """The same in Arrow batches. Memory: one batch."""
    return parquet.read_batches(path, columns, rows=BATCH)


def read_all(path: Path) -> Iterator[Any]:
    """All columns of a ledger, in Arrow batches."""
    return read_batches(path, schema().names)


def count(path: Path) -> int:
    """The number of rows of a ledger."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def executed(rows: Any) -> Any:
    """Of rows with SERVED_FROM (an Arrow table or batch), those that were executed for their stage."""
    import pyarrow.compute as pc

    return rows.filter(pc.equal(rows.column(SERVED_FROM), "engine"))


def total(column: Any) -> Any:
    """The sum of an Arrow column, 0 without rows; None if a part of it is unknown."""
    import pyarrow.compute as pc

    return None if column.null_count else pc.sum(column).as_py() or 0


def plus(one: Any, other: Any) -> Any:
    """The sum of two totals; None if one of them is unknown."""
    return None if one is None or other is None else one + other


BATCH = 65_536
"""Rows in memory at a time; they are small."""


TOKENS = ("prompt_tokens", "cached_tokens", "completion_tokens")
FLOPS = ("flops_logical", "flops_shared", "flops_engine")
COSTS = (*TOKENS, *FLOPS, "seconds")
"""The cost columns of a completion, an answer, a point of a curve, and a corpus."""
SUMMED = tuple(name for name in COSTS if name != "cached_tokens")
"""The cost columns that are summed over a stage's completions."""
REQUESTS = "requests"
"""The number of completions in a sum."""
COUNTS = (REQUESTS, "prompt_tokens", "cached_tokens", "shared_tokens", "completion_tokens")
"""Counts of an answer. `shared_tokens`: prompt tokens that an earlier sequence of the plan already has."""
REALS = (*FLOPS, "seconds")
LATENCY = "latency"
"""Seconds along a plan's critical path."""
TIMES = (LATENCY, "resident")
"""LATENCY, and the total seconds of a plan's completions, which run concurrently with others."""
Costs = tuple[float, ...]
"""One number per name in COSTS and TIMES."""
