"""Reads records (JSON, JSON Lines, CSV, TSV, Parquet) as documents, one per record.

The text is in the named field, else in the first of the usual fields; the title likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab.errors import InputError, nearest
from lab.tasks.rows.tables import read_file

TEXT_FIELDS = ("text", "content", "body", "document", "article", "passage", "markdown")
TITLE_FIELDS = ("title", "name", "heading")


def records(path: Path, field: str = "") -> Iterator[tuple[str, str, str]]:
    """Yields (place in the file, title, text) of each record.

    Raises InputError for a file that cannot be read, and for a record whose field is missing or is not text.
    """
    for number, row in enumerate(read_file(path), 1):
        yield str(number), _title(row.values), _text(row.values, field, row.where)


def _text(values: Mapping[str, Any], field: str, where: str) -> str:
    name = field or next((name for name in TEXT_FIELDS if name in values), "")
    if name not in values:
        looked = (
            f"there is no field '{name}'"
            if field
            else f"there is none of the fields {', '.join(TEXT_FIELDS)}"
        )
        raise InputError(
            f"{looked}; set `field` to the one that contains the text.{nearest(name, map(str, values))}",
            where=where,
        )
    value = values[name]
    if value is not None and not isinstance(value, str):
        raise InputError(f"field '{name}': expected text, found {type(value).__name__}", where=where)
    return value or ""


def _title(values: Mapping[str, Any]) -> str:
    found = (values.get(name) for name in TITLE_FIELDS)
    return next((text for text in found if isinstance(text, str) and text.strip()), "")
