"""series.bin: the numbers behind the points of a part, problem by problem.

The first line is JSON: for every series its names and its number of problems. The arrays follow without gaps:
for every series the accuracies, then one array for each of COSTS and TIMES, as 8-byte numbers. A shard of a
few problems has dozens of short series, of which Parquet would mostly store headers.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Annotated

from pydantic import Field, TypeAdapter

from lab.formats.ledger import COSTS, TIMES
from lab.formats.points import PointOrigin
from lab.system.files import atomic_path

FILE = "series.bin"
COLUMNS = 1 + len(COSTS) + len(TIMES)
"""Arrays of a series."""
HERE = {"format": 1, "byteorder": sys.byteorder, "costs": (*COSTS, *TIMES)}
"""How this version of the lab writes the file on this machine."""


@dataclass(frozen=True, slots=True)
class SeriesHead:
    """The names of a series (see `eval.evaluation.points`), and its numbers that are no array."""

    task: str
    strategy: str
    scorer: str
    n: int
    origin: PointOrigin
    ceiling: bool
    size: Annotated[int, Field(ge=0)]
    failed: Annotated[int, Field(ge=0)]
    mc_variance: float


@dataclass(frozen=True, slots=True)
class _Line:
    """The first line of the file."""

    format: int
    byteorder: str
    costs: tuple[str, ...]
    series: tuple[SeriesHead, ...]


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """A series: its accuracies (NaN: not measured), and an array for each of COSTS and TIMES."""

    head: SeriesHead
    accuracy: array[float]
    costs: tuple[array[float], ...]


def write_series(series: Sequence[StoredSeries], folder: Path) -> None:
    """Writes `folder`/series.bin."""
    line = {**HERE, "series": [asdict(one.head) for one in series]}
    with atomic_path(folder / FILE) as path, path.open("wb") as file:
        file.write(json.dumps(line).encode() + b"\n")
        for one in series:
            for column in (one.accuracy, *one.costs):
                assert len(column) == one.head.size
                column.tofile(file)


def read_series(folder: Path) -> Iterator[StoredSeries]:
    """The series in order. Memory: one of them. Raises ValueError or OSError if the file is damaged."""
    path = folder / FILE
    with path.open("rb") as file:
        line = file.readline()
        heads = _heads(line)
        if path.stat().st_size != len(line) + sum(head.size for head in heads) * COLUMNS * 8:
            raise ValueError(f"{FILE} does not have the size that its first line says")
        for head in heads:
            accuracy, *costs = (_numbers(file, head.size) for _ in range(COLUMNS))
            yield StoredSeries(head, accuracy, tuple(costs))


def _heads(line: bytes) -> Sequence[SeriesHead]:
    found = _LINE.validate_json(line)
    if (found.format, found.byteorder, found.costs) != tuple(HERE.values()):
        raise ValueError(f"{FILE} is from another version of the lab or another kind of machine")
    return found.series


_LINE = TypeAdapter(_Line)


def _numbers(file: IO[bytes], size: int) -> array[float]:
    found = array("d")
    found.fromfile(file, size)
    return found
