"""One row per completion, in plan order: who asked for it, what it cost, who served it.

`shared_tokens` counts the prompt tokens that an earlier sequence of the same plan and role already
holds; `cached_tokens` is the engine's own count. `served_from` is "engine" for a completion executed
for this stage and "bank" for one that was already there: both are charged, only the first was executed.
FLOPs of a model of which nothing is known are NaN in memory and null in files; what is summed with them is
unknown, too. The file appears under its name only when it is complete. Memory is one row group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import add, attrgetter
from pathlib import Path
from typing import Any

from lab.system.files import atomic_path


@dataclass(slots=True)
class LedgerRow:
    """One completion. Tokens are counts, FLOPs are FLOPs (of `model`), seconds are engine seconds; `latency`
    is its wall time in the engine beside others, in seconds (NaN, null in files: not known)."""

    model: str
    problem: str
    strategy: str
    role: str
    tag: str
    index: int
    prompt_tokens: int
    shared_tokens: int
    cached_tokens: int
    completion_tokens: int
    flops_logical: float
    flops_shared: float
    flops_engine: float
    seconds: float
    served_from: str
    finish_reason: str
    latency: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a set of completions cost; costs add."""

    requests: int = 0
    prompt_tokens: int = 0
    shared_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    flops_logical: float = 0.0
    flops_shared: float = 0.0
    flops_engine: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.requests + other.requests, *map(add, _charges(self), _charges(other)))

    @classmethod
    def of(cls, rows: Sequence[LedgerRow]) -> Cost:
        """The cost of these rows, whoever served them."""
        return cls(len(rows), *map(sum, zip(*map(_charges, rows), strict=True))) if rows else cls()


_charges = attrgetter(*(f.name for f in fields(Cost)[1:]))


class Ledger:
    """Writes `path` (Parquet); use as a context manager: renamed into place only on a clean exit."""

    GROUP = 8_192

    def __init__(self, path: Path, *, run: str, stage: str, model: str) -> None:
        self._path, self._head = path, {"run": run, "stage": stage}
        self.model = model
        """Name of the stage's own model."""
        self._rows: list[LedgerRow] = []
        self._writer: Any = None
        self.owner = f"{run}/{path.parent.name}"
        """Names this stage's directory (which holds its digest): who had a banked completion executed."""

    def __enter__(self) -> Ledger:
        import pyarrow.parquet as pq

        self._atomic = atomic_path(self._path)
        self._writer = pq.ParquetWriter(self._atomic.__enter__(), schema(), compression="zstd")
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

    def extend(self, rows: list[LedgerRow]) -> None:
        """Append rows in order."""
        self._rows.extend(rows)
        if len(self._rows) >= self.GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        count = len(self._rows)
        columns: dict[str, Any] = {name: [value] * count for name, value in self._head.items()}
        columns |= {f.name: [getattr(row, f.name) for row in self._rows] for f in fields(LedgerRow)}
        arrays = [pa.array(columns[f.name], f.type, from_pandas=True) for f in schema()]
        self._writer.write_table(pa.table(arrays, schema=schema()))
        self._rows.clear()


def total(column: Any) -> Any:
    """The sum of an Arrow column of a ledger, 0 without rows; None where a part of it is unknown."""
    import pyarrow.compute as pc

    return None if column.null_count else pc.sum(column).as_py() or 0


def plus(one: Any, other: Any) -> Any:
    """The sum of two totals; None where one of them is unknown."""
    return None if one is None or other is None else one + other


def schema() -> Any:
    """The Arrow schema of ledger.parquet."""
    import pyarrow as pa

    kinds = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    head = [(name, pa.string()) for name in ("run", "stage")]
    return pa.schema(head + [(f.name, kinds[str(f.type)]) for f in fields(LedgerRow)])
