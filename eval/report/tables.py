"""A table as data: what the page and results.md show and what its CSV holds, from the same cells.

A section describes a table by its columns: a head, and what it shows of a row. What a column reads is the
name of an attribute of the row (dots lead further in) or a function of the row.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from eval.report.numbers import MISSING, decimal, interval, missing, probability, quantity
from lab.system.spreadsheet import Writer

Read = str | Callable[[Any], Any]
T = TypeVar("T", bound=Any)


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown, the number it is sorted by where it is one, and that number's interval if it has one."""

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line; `grey` marks a ceiling, which is no result."""

    task: str
    cells: tuple[Cell, ...]
    grey: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`numeric`: the heads whose column is right-aligned and sorted by value."""

    id: str
    title: str
    note: str
    heads: tuple[str, ...]
    numeric: frozenset[str]
    rows: tuple[TableRow, ...]

    @property
    def tasks(self) -> list[str]:
        """Its tasks in order of appearance."""
        return list(dict.fromkeys(row.task for row in self.rows))

    @property
    def first(self) -> str:
        """The task that is shown first: the pooled one where there is one."""
        return "all" if "all" in self.tasks else next(iter(self.tasks), "")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A head and the cell it shows of a row; `numeric`: right-aligned and sorted by value, else text."""

    head: str
    cell: Callable[[Any], Cell]
    numeric: bool = True


def table(
    id: str,
    title: str,
    note: str,
    rows: Sequence[Any],
    columns: Sequence[TableColumn],
    *,
    task: Read = "task",
    grey: Read | None = None,
) -> tuple[Table, ...]:
    """The table, or () without rows. Raises TypeError for rows without a task.

    `task`: what the page filters a row by; `grey`: which rows are ceilings.
    """
    if not rows:
        return ()
    if isinstance(task, str) and not hasattr(rows[0], task):
        raise TypeError(f"table '{id}': its rows need an attribute `{task}`, by which the page filters them")
    task_of, grey_of = reader(task), reader(grey) if grey else lambda row: False
    lines = tuple(TableRow(task_of(r), tuple(c.cell(r) for c in columns), bool(grey_of(r))) for r in rows)
    numeric = frozenset(c.head for c in columns if c.numeric)
    return (Table(id, title, note, tuple(c.head for c in columns), numeric, lines),)


def reader(read: Read) -> Callable[[Any], Any]:
    """The function that reads an attribute, or the function itself."""
    return attrgetter(read) if isinstance(read, str) else read


def text(head: str, read: Read) -> TableColumn:
    """Words, left-aligned."""
    of = reader(read)
    return TableColumn(head, lambda row: Cell(of(row)), numeric=False)


def number(head: str, read: Read, digits: int = 3, *, sign: bool = False) -> TableColumn:
    """A number with a fixed number of decimals; a dash where undefined."""
    return _number(head, read, lambda value: decimal(value, digits, sign=sign))


def whole(head: str, read: Read) -> TableColumn:
    """A whole number; a dash for None."""
    return _number(head, read, lambda value: MISSING if value is None else f"{value:,}")


def amount(head: str, read: Read, unit: str = "") -> TableColumn:
    """A quantity with an SI prefix: `12.3 GFLOPs`."""
    return _number(head, read, lambda value: quantity(value, unit))


def p_value(head: str, read: Read) -> TableColumn:
    """A p-value."""
    return _number(head, read, probability)


def _number(head: str, read: Read, show: Callable[[Any], str]) -> TableColumn:
    of = reader(read)

    def cell(row: Any) -> Cell:
        value = of(row)
        return Cell(show(value), value)

    return TableColumn(head, cell)


def estimate(head: str, *read: Read, digits: int = 3, sign: bool = False) -> TableColumn:
    """A value with its 95 % interval: three things to read, or one that has `value`, `low` and `high`."""
    value, low, high = (reader(r) for r in (read if len(read) == 3 else (_part(read[0], e) for e in ENDS)))

    def cell(row: Any) -> Cell:
        return interval_cell(value(row), low(row), high(row), digits, sign=sign)

    return TableColumn(f"{head} [95 % CI]", cell)


ENDS = ("value", "low", "high")


def _part(read: Read, end: str) -> Read:
    of = reader(read)
    return lambda row: getattr(of(row), end)


def interval_cell(
    value: float | None, low: float | None, high: float | None, digits: int = 3, *, sign: bool = False
) -> Cell:
    """A number with its interval; a dash where it is missing."""
    if missing(value):
        return Cell(MISSING)
    return Cell(interval(value, low, high, digits, sign=sign), value, low, high)


TASK = text("task", "task")


def by_task(rows: Iterable[T]) -> dict[str, list[T]]:
    """Rows by task, the pooled task first."""
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(row.task, []).append(row)
    return dict(sorted(groups.items(), key=lambda item: item[0] != "all"))


def pooled_first(rows: Iterable[T]) -> list[T]:
    """The rows task by task, the pooled task first."""
    return [row for group in by_task(rows).values() for row in group]


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
