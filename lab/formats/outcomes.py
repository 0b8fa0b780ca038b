"""outcomes.parquet: what every point of the curve is a mean of, problem by problem.

One row per (task, strategy, scorer, n, origin, problem). Paired statistics over curves (areas, ratios of
compute) need the problems behind each point, derived ones too; they are written once and read by whoever
compares, so that nothing is estimated twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.formats.answers import clean
from lab.formats.points import COSTS, TIMES, Points
from lab.system.files import atomic_path

FILE = "outcomes.parquet"
KEPT = (*COSTS, "latency")
"""The costs that are kept of each problem."""


def write_outcomes(points: Points, problems: Mapping[str, Sequence[str]], out: Path) -> None:
    """Write `out`/outcomes.parquet; `problems` are the ids of each task's problems in order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        atomic_path(out / FILE) as path,
        pq.ParquetWriter(path, schema(), compression="zstd") as writer,
    ):
        for task, found in points.series().items():
            ids = [clean(id) for id in problems[task]]
            for key, series in found.items():
                size = len(series.accuracy)
                head = {"task": task, "strategy": key.strategy, "scorer": key.scorer, "n": key.n}
                head |= {"origin": key.origin, "ceiling": key.ceiling}
                columns: dict[str, Any] = {name: [value] * size for name, value in head.items()}
                columns |= {"problem_id": ids, "cluster": list(series.cluster)}
                columns |= {"accuracy": list(series.accuracy)}
                costs = zip((*COSTS, *TIMES), series.costs, strict=True)
                columns |= {n: pa.array(cost, from_pandas=True) for n, cost in costs if n in KEPT}
                writer.write_table(pa.table(columns, schema=schema()))


def schema() -> Any:
    """Its Arrow schema. Costs are that problem's, null where unknown; `accuracy` is 1, 0, an expectation, or
    NaN (not measured)."""
    import pyarrow as pa

    text, integer, real = pa.string(), pa.int64(), pa.float64()
    head = {"task": text, "strategy": text, "scorer": text, "n": integer, "origin": text}
    head |= {"ceiling": pa.bool_(), "problem_id": text, "cluster": integer, "accuracy": real}
    return pa.schema(head | dict.fromkeys(KEPT, real))
