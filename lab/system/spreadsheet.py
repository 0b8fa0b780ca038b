"""CSV files for spreadsheets: text that a spreadsheet would run as a formula is neutralised.

A text that begins with = + - @ or a tab gets an apostrophe in front, as OWASP recommends against CSV
injection; numbers stay numbers. `Records` removes the apostrophe again, so that programs read the same names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    _Reader = csv.DictReader[str]
else:
    _Reader = csv.DictReader


class Writer:
    """Like csv.writer; lines end with a newline, cells are neutralised."""

    def __init__(self, out: IO[str]) -> None:
        self._writer = csv.writer(out, lineterminator="\n")

    def writerow(self, cells: Iterable[Any]) -> None:
        """Writes one line."""
        self._writer.writerow([neutral(cell) for cell in cells])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        """Writes lines."""
        for row in rows:
            self.writerow(row)


def neutral(cell: Any) -> Any:
    """The cell; a text that a spreadsheet would treat as a formula gets an apostrophe in front."""
    if not isinstance(cell, str) or not cell.startswith(_BEGINNINGS) or _is_number(cell):
        return cell
    return f"'{cell}"


class Records(_Reader):
    """Like csv.DictReader: lines by the names in the first line, texts as they were before `neutral`."""

    def __next__(self) -> dict[str | Any, str | Any]:
        return {key: _plain(value) for key, value in super().__next__().items()}


def _plain(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    return cell[1:] if cell[:1] == "'" and neutral(cell[1:]) != cell[1:] else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")
