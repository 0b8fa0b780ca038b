"""Reads the cells of a row: text, lists, booleans, and numbers divided into bands.

Tables come in many formats: lists as lists or as text separated by "|", booleans as true, 1 or "yes", numbers
as text. A cell that cannot be read raises InputError with the place of the row, the column and what was
expected.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from math import isfinite, isnan
from typing import Annotated, Any

from pydantic import Field

from lab.errors import InputError, nearest
from lab.tasks.rows.tables import DataRow

Cuts = Annotated[int, Field(ge=2, le=9)] | Annotated[tuple[float, ...], Field(min_length=1, max_length=8)]
"""How numbers are divided into bands: a number of parts of equal size, or increasing edges."""


def cell(row: DataRow, column: str, role: str) -> Any:
    """The value of a column. Raises InputError with the nearest column if the row has no such column."""
    if column not in row.values:
        raise InputError(
            f"{role}: there is no column '{column}'.{nearest(column, map(str, row.values))}",
            where=row.where,
        )
    return row.values[column]


def missing(value: Any) -> bool:
    """Whether a cell is empty: null, NaN, or blank text."""
    if isinstance(value, float | Decimal):
        return isnan(value)
    return value is None or value == b"" or not str(value).strip()


def text(row: DataRow, column: str, role: str) -> str:
    """A cell as text. Raises InputError if it is empty or is not text.

    Numbers are written as they are, booleans as true and false.
    """
    value = cell(row, column, role)
    if missing(value):
        raise InputError(f"{role}: the cell in column '{column}' is empty", where=row.where)
    return plain(value, f"{role}, column '{column}'", row.where)


def optional(row: DataRow, column: str, role: str) -> str:
    """As `text`, but "" for an empty cell or a column without a name."""
    if not column or missing(cell(row, column, role)):
        return ""
    return text(row, column, role)


def plain(value: Any, role: str, where: str) -> str:
    """A scalar as text. Raises InputError for null, lists and mappings, and for text that no file can hold.

    Dates are written as 2026-01-31, bytes are decoded as UTF-8; an infinite number is refused.
    """
    if (found := _written(value)) is not None:
        if (at := next((i for i, c in enumerate(found) if "\ud800" <= c <= "\udfff"), -1)) >= 0:
            raise InputError(
                f"{role}: invalid character at position {at + 1} (\\u{ord(found[at]):04x}, an "
                "unpaired surrogate)",
                where=where,
            )
        return found
    name = type(value).__name__
    numeric = isinstance(value, float | Decimal)
    kind = "null" if missing(value) else "an infinite number" if numeric else _KINDS.get(name, name)
    raise InputError(f"{role}: expected text or a number, found {kind}", where=where)


def _written(value: Any) -> str | None:
    """A scalar of a table as text; None if it is not a scalar, not finite, or cannot be read."""
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8") if _is_utf8(value) else None
    known = isinstance(value, str | int) or (isinstance(value, float | Decimal) and isfinite(value))
    return str(value) if known else None


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def entries(row: DataRow, column: str, role: str) -> list[str]:
    """A list of texts: a list, text separated by "|", or a single value; [] for an empty cell.

    Raises InputError for a mapping, and for an entry that is empty or not text.
    """
    value = cell(row, column, role)
    if value is None or (isinstance(value, (str, float)) and missing(value)):
        return []
    if isinstance(value, dict):
        raise InputError(
            f"{role}, column '{column}': expected a list, or texts separated by \"|\", found a mapping",
            where=row.where,
        )
    found = []
    for number, entry in enumerate(listed(value), 1):
        place = f"{role}, column '{column}', entry {number}"
        if missing(entry):
            raise InputError(f"{place}: it is empty", where=row.where)
        found.append(plain(entry, place, row.where))
    return found


def listed(value: Any) -> list[Any]:
    """A list as it is, text split at "|", [] for an empty value, or a list with the value."""
    if isinstance(value, str):
        return [piece.strip() for piece in value.split("|") if piece.strip()]
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def truth(value: Any, role: str, where: str) -> bool:
    """True for true, 1 or "yes", False for their opposites. Raises InputError for anything else."""
    if missing(value):
        raise InputError(f"{role}: the cell is empty; expected true or false", where=where)
    known = _TRUTH.get(str(value).strip().casefold())
    if known is None:
        raise InputError(
            f"{role}: expected true or false (also 1 and 0, yes and no), found {str(value)[:60]!r}",
            where=where,
        )
    return known


def bands_of(rows: Sequence[DataRow], column: str, role: str, cuts: Cuts) -> list[str | None]:
    """The band of each row, in order; None for a row whose cell is empty.

    A column of text names the bands itself. Numbers are divided at the edges, or into parts of equal size as
    far as equal numbers allow. The name of a band begins with its rank, lowest first ("1: below 100", "2: 100
    or more"). Raises InputError for a missing column, and for text among numbers.
    """
    cells = [cell(row, column, role) for row in rows]
    numbers = [_number(value) for value in cells]
    there = [number for number in numbers if number is not None]
    if not there:
        return [None if missing(value) else str(value) for value in cells]
    for row, value, number in zip(rows, cells, numbers, strict=True):
        if number is None and not missing(value):
            raise InputError(
                f"{role}: expected a number like in the other rows, found {str(value)[:60]!r}",
                where=row.where,
            )
    edges = cuts if isinstance(cuts, tuple) else _quantiles(there, cuts)
    names = _names(edges)
    return [None if number is None else names[bisect_right(edges, number)] for number in numbers]


def rising(cuts: Cuts) -> Cuts:
    """The cuts unchanged. Raises ValueError if edges do not increase."""
    if isinstance(cuts, tuple) and any(b <= a for a, b in pairwise(cuts)):
        raise ValueError(f"expected edges in increasing order, found {list(cuts)}")
    return cuts


def _quantiles(numbers: Sequence[float], parts: int) -> tuple[float, ...]:
    """The lowest number of each part except the first; equal edges are merged."""
    ordered = sorted(numbers)
    edges = {ordered[len(ordered) * i // parts] for i in range(1, parts)}
    return tuple(sorted(edges - {ordered[0]}))


def _names(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["1: all"]
    shown = [f"{edge:,.10g}" for edge in edges]
    middle = [f"{low} to below {high}" for low, high in pairwise(shown)]
    parts = [f"below {shown[0]}", *middle, f"{shown[-1]} or more"]
    return [f"{rank}: {part}" for rank, part in enumerate(parts, 1)]


def _number(value: Any) -> float | None:
    """A finite number, also from text with thousands commas; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value.replace(",", "") if isinstance(value, str) else value)
    except ValueError:
        return None
    return number if isfinite(number) else None


_KINDS = {"list": "a list", "tuple": "a list", "dict": "a mapping", "bytes": "bytes that are not UTF-8"}
_TRUTH = dict.fromkeys(("true", "1", "1.0", "yes"), True) | dict.fromkeys(("false", "0", "0.0", "no"), False)
