"""A table as data: what the page shows and what its CSV holds, from the same cells."""

from __future__ import annotations

import io
from dataclasses import dataclass

from eval.report.numbers import MISSING, interval, missing
from lab.formats.spreadsheet import Writer


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown, the number it is sorted by where it is one, and that number's interval if it has one."""

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


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


def spread(
    value: float | None, low: float | None, high: float | None, digits: int = 3, *, sign: bool = False
) -> Cell:
    """A number with its interval; a dash where it is missing."""
    if missing(value):
        return Cell(MISSING)
    return Cell(interval(value, low, high, digits, sign=sign), value, low, high)


def to_csv(table: Table) -> str:
    """The table as CSV: numbers unrounded where a cell is one, intervals in two columns behind them."""
    text = io.StringIO(newline="")
    writer = Writer(text)
    wide = [any(row.cells[i].low is not None for row in table.rows) for i in range(len(table.heads))]
    heads = [_heads(head, w) for head, w in zip(table.heads, wide, strict=True)]
    writer.writerow([head for group in heads for head in group])
    for row in table.rows:
        writer.writerow([part for cell, w in zip(row.cells, wide, strict=True) for part in _parts(cell, w)])
    return text.getvalue()


def _heads(head: str, wide: bool) -> list[str]:
    bare = head.removesuffix(" [95 % CI]")
    return [head, f"{bare} low", f"{bare} high"] if wide else [head]


def _parts(cell: Cell, wide: bool) -> list[str]:
    """A cell's own column, and those of its interval."""
    ends = [cell.low, cell.high] if wide else []
    own = cell.text if cell.value is None else f"{cell.value:.10g}"
    return [own, *("" if end is None else f"{end:.10g}" for end in ends)]
