"""points.csv: the points of a stage's curves, one line each; also written by a report for all its stages."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from math import isnan, nan
from pathlib import Path
from typing import Any, Literal

from lab.errors import InputError
from lab.language.extraction import FORMER_READERS
from lab.system.files import write_atomic
from lab.system.spreadsheet import Records, Writer

FILE = "points.csv"
POOLED = "all"
"""The task name of the rows that pool all tasks' problems."""
PointOrigin = Literal["measured", "derived"]


@dataclass(frozen=True, slots=True)
class Point:
    """One row of points.csv. Tokens, FLOPs and seconds are means per problem; intervals are 95 %.

    `samples` is the number of samples per problem, the n of the strategy. `seconds` is the share of the
    engine's busy time. `latency_p50` and `latency_p95` are quantiles, over problems, of the seconds from the
    first request of an answer to its last completion (the slowest of each batch), while `concurrency`
    requests (on average) were in progress in the engine. Samples from the bank have the times of their
    generation; if one of them has none, the columns are empty. `problems` were scored, `failed` got no
    answer, `unscored` got one that the checker cannot judge. `readers` is the version of the answer readers.
    """

    stage: str
    model: str
    task: str
    strategy: str
    scorer: str
    samples: int
    problems: int
    accuracy: float
    ci_low: float
    ci_high: float
    prompt_tokens: float
    cached_tokens: float
    completion_tokens: float
    flops_logical: float
    flops_shared: float
    flops_engine: float
    seconds: float
    origin: PointOrigin
    failed: int
    unscored: int
    latency_p50: float
    latency_p95: float
    concurrency: float
    readers: str


COLUMNS = tuple(f.name for f in fields(Point))
TEXTS = tuple(f.name for f in fields(Point) if str(f.type) in ("str", "PointOrigin"))
"""The columns without numbers."""
GAPS = ("failed", "unscored")
"""Problems that are not part of the accuracy."""
NEWER = (*GAPS, "latency_p50", "latency_p95", "concurrency", "readers")
"""Columns that older files lack."""


def write_points(points: Iterable[Point], folder: Path) -> None:
    """Writes `folder`/points.csv."""
    write_atomic(folder / FILE, to_csv(points))


def to_csv(points: Iterable[Point]) -> str:
    """The text of the file: a header and one line per point."""
    text = io.StringIO()
    writer = Writer(text)
    writer.writerow(f.name for f in fields(Point))
    for row in points:
        writer.writerow(_cell(v) for v in astuple(row))
    return text.getvalue()


def read_lines(folder: Path) -> list[dict[str, str]]:
    """The lines of a folder's points.csv, column -> text; the column `n` of an older file is called
    `samples`.

    Raises InputError if the file or one of its columns is missing.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError("a report needs this file of a finished evaluate stage", where=str(path))
    with path.open(newline="", encoding="utf-8") as handle:
        rows = [{"samples" if k == "n" else k: cell for k, cell in row.items()} for row in Records(handle)]
    missing = [c for c in COLUMNS if rows and c not in rows[0] and c not in NEWER]
    if missing:
        raise InputError(f"missing columns: {', '.join(missing)}", where=str(path))
    return rows


def read_points(folder: Path, *, origin: PointOrigin | None = None) -> list[Point]:
    """The points of a folder's points.csv in file order, or those of one `origin`; NaN for an empty cell.

    Raises InputError if the file is missing, or if a cell is not a number where one is expected.
    """
    rows = enumerate(read_lines(folder), 2)
    return [
        _point(row, f"{folder / FILE}:{line}")
        for line, row in rows
        if origin is None or row["origin"] == origin
    ]


def _point(row: dict[str, str], where: str) -> Point:
    kinds = {f.name: str(f.type) for f in fields(Point)}
    cells: dict[str, Any] = {name: row.get(name) or "" for name in COLUMNS}
    try:
        cells |= {name: float(cells[name] or nan) for name, kind in kinds.items() if kind == "float"}
        cells |= {name: int(cells[name] or 0) for name, kind in kinds.items() if kind == "int"}
    except ValueError as error:
        raise InputError(f"not a number: {error}", where=where) from error
    return Point(**{**cells, "readers": cells["readers"] or FORMER_READERS})


def _cell(value: object) -> object:
    """A number with ten digits; an empty cell if it is undefined or unknown."""
    if not isinstance(value, float):
        return value
    return "" if isnan(value) else f"{value:.10g}"
