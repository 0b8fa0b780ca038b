"""outcomes.parquet: the values behind every point of the curves, problem by problem.

One row per (task, strategy, scorer, n, origin, problem). Paired statistics over curves (areas, ratios of
compute) need the problems behind each point, including derived ones. They are written once and read by every
comparison, so that nothing is estimated twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lab.formats import parquet
from lab.formats.ledger import COSTS, LATENCY
from lab.language.unicode import well_formed

FILE = "outcomes.parquet"
KEPT = (*COSTS, LATENCY)
"""The cost columns that are kept for each problem."""
POINT = ("strategy", "scorer", "ceiling", "n", "origin")
"""The columns that identify a point within a task."""
BATCH = 4_096
"""Rows in memory at a time."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """All columns, in order. Costs are those of the problem, None if unknown; `accuracy` is 1, 0, an
    expectation, or NaN (not measured).
    """

    task: str
    strategy: str
    scorer: str
    n: int
    origin: str
    ceiling: bool
    problem_id: str
    cluster: int
    accuracy: float
    prompt_tokens: float | None
    cached_tokens: float | None
    completion_tokens: float | None
    flops_logical: float | None
    flops_shared: float | None
    flops_engine: float | None
    seconds: float | None
    latency: float | None


@dataclass(frozen=True, slots=True)
class OutcomeSeries:
    """The problems of one point, one entry each in `problems`, `cluster`, `accuracy` and every cost (NaN:
    unknown; those that are not KEPT are left out).
    """

    task: str
    strategy: str
    scorer: str
    n: int
    origin: str
    ceiling: bool
    problems: Sequence[str]
    cluster: Sequence[int]
    accuracy: Sequence[float]
    costs: Mapping[str, Sequence[float]]


def schema() -> Any:
    """The Arrow schema of the file."""
    return parquet.schema_of(OutcomeRow)


def write_outcomes(points: Iterable[OutcomeSeries], folder: Path) -> None:
    """Writes `folder`/outcomes.parquet, one row group per point."""
    with parquet.ParquetWriter[OutcomeSeries](folder / FILE, schema(), rows=1, table=_table) as writer:
        for point in points:
            writer.add(point)


def read_outcomes(folder: Path, kind: type[Row]) -> Iterator[Row]:
    """A stage's outcomes, as instances of the dataclass `kind`, whose fields are the columns that are read.

    Raises InputError as `parquet.read_rows` does.
    """
    return parquet.read_rows(folder / FILE, kind, rows=BATCH)


def read_batches(folder: Path, columns: Sequence[str]) -> Iterator[Any]:
    """These columns of a stage's outcomes as Arrow batches. Raises InputError as `read_outcomes` does."""
    return parquet.read_batches(folder / FILE, columns, rows=BATCH)


def _table(points: Sequence[OutcomeSeries]) -> Any:
    import pyarrow as pa

    (point,) = points
    size = len(point.accuracy)
    head = {name: [getattr(point, name)] * size for name in ("task", *POINT)}
    columns: dict[str, Any] = {**head, "problem_id": [well_formed(id) for id in point.problems]}
    columns |= {"cluster": list(point.cluster), "accuracy": list(point.accuracy)}
    columns |= {name: pa.array(point.costs[name], from_pandas=True) for name in KEPT}
    return pa.table(columns, schema=schema())
