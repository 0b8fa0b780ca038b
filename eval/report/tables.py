"""A table as data: what the page shows and what its CSV holds, from the same cells."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown, and the number it is sorted by where it is one."""

    text: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line; `grey` marks a ceiling, which is no result."""

    task: str
    cells: tuple[Cell, ...]
    grey: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`numeric`: the heads whose column is right-aligned and sorted by value."""

    id: str
    section: str
    title: str
    note: str
    heads: tuple[str, ...]
    numeric: frozenset[str]
    rows: tuple[Row, ...]

    @property
    def tasks(self) -> list[str]:
        """Its tasks in order of appearance."""
        return list(dict.fromkeys(row.task for row in self.rows))

    @property
    def first(self) -> str:
        """The task that is shown first: the pooled one where there is one."""
        return "all" if "all" in self.tasks else next(iter(self.tasks), "")


def to_csv(table: Table) -> str:
    """The table as CSV: numbers unrounded where a cell is one."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.heads)
    for row in table.rows:
        writer.writerow([cell.text if cell.value is None else f"{cell.value:.10g}" for cell in row.cells])
    return text.getvalue()
