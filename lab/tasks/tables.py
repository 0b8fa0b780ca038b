"""Rows from files: JSONL, JSON, CSV, TSV, Parquet, folders of them, and Hub data sets.

Every row remembers where it stands (file:line, file:row for Parquet), so that a message about it
can say so. Text files may have a byte-order mark, CRLF line ends and blank lines; they must be UTF-8. A
.json file may be a list of objects, an object with one such list in it ({"Data": [...]}), or JSON Lines.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Row:
    """One row: column -> value, and `where` it stands."""

    values: Mapping[str, Any]
    where: str


def is_hub_id(source: str) -> bool:
    """Whether a source names a Hub data set ("openai/gsm8k"): owner/name, and no such path here."""
    return (
        bool(_HUB_ID.fullmatch(source)) and not Path(source).exists() and Path(source).suffix not in _READERS
    )


def local_files(source: str) -> list[Path]:
    """The data files of a path, sorted by name: the file itself, or those in the folder (and below).

    Raises InputError where there is none or one has a suffix that cannot be read.
    """
    path = Path(source)
    if path.is_file():
        if path.suffix.lower() not in _READERS:
            raise InputError(
                f"cannot read '{path.suffix}' files; expected {', '.join(_READERS)}", where=source
            )
        return [path]
    if not path.is_dir():
        raise InputError(f"no such file or folder: {source}")
    files = sorted(
        f for f in path.rglob("*") if f.is_file() and f.suffix.lower() in _READERS and f.name[0] != "."
    )
    if not files:
        raise InputError(f"no data file in it; expected {', '.join(_READERS)}", where=source)
    return files


def split_files(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Split name -> files, by names like train.jsonl or test-00001.parquet; "" holds the rest."""
    splits: dict[str, list[Path]] = {}
    for path in files:
        named = _SPLIT_NAME.match(path.stem.lower())
        splits.setdefault(_SPLITS[named.group(1)] if named else "", []).append(path)
    return splits


def read_file(path: Path) -> list[Row]:
    """All rows of a file; raises InputError with file:line for what cannot be read."""
    suffix = path.suffix.lower()
    return list(_parquet(path) if suffix == ".parquet" else _READERS[suffix](path, _decoded(path)))


def hub_splits(source: str, subset: str | None) -> dict[str, list[Row]]:
    """Split name -> rows of a Hub data set; raises InputError where it cannot be had."""
    import datasets

    try:
        loaded = datasets.load_dataset(source, subset)
    except Exception as error:
        raise InputError(
            f"cannot load the data set '{source}': {type(error).__name__}: {error!s:.300}"
        ) from None
    return {
        _SPLITS.get(str(name), str(name)): [
            Row(dict(row), f"{source}/{name}:{n}") for n, row in enumerate(rows)
        ]
        for name, rows in loaded.items()
    }


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8 text; save the file as UTF-8", where=f"{path}:{line}") from None


def _jsonl(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{path}:{number}"
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"not JSON: {error}", where=where) from None
            if not isinstance(values, dict):
                raise InputError(f"expected a JSON object, found {type(values).__name__}", where=where)
            yield Row(values, where)


def _json(path: Path, text: str) -> Iterator[Row]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        if str(error).startswith("Extra data"):  # a whole value, then more: one object a line
            yield from _jsonl(path, text)
            return
        raise InputError(f"not JSON: {error}", where=f"{path}:{getattr(error, 'lineno', 1)}") from None
    lists = [v for v in found.values() if _objects(v)] if isinstance(found, dict) else [found]
    if len(lists) != 1 or not _objects(lists[0]):
        raise InputError("expected a list of JSON objects, or an object that holds one", where=str(path))
    yield from (Row(row, f"{path} (row {n})") for n, row in enumerate(lists[0], 1))


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _csv(path: Path, text: str) -> Iterator[Row]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ","
    )
    header: list[str] | None = None
    start = 1
    try:
        for cells in reader:
            where, start = f"{path}:{start}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                if len(set(header)) < len(header):
                    raise InputError("a column name stands twice in the first line", where=where)
            elif len(cells) != len(header):
                raise InputError(
                    f"{len(cells)} cells, but the first line names {len(header)} columns", where=where
                )
            else:
                yield Row(dict(zip(header, cells, strict=True)), where)
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", where=f"{path}:{reader.line_num}") from None


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file: {error!s:.200}", where=str(path)) from None
    yield from (Row(row, f"{path} (row {n})") for n, row in enumerate(table.to_pylist(), 1))


_READERS = {".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json, ".csv": _csv, ".tsv": _csv, ".parquet": _csv}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SPLIT_NAME = re.compile(r"(train|training|test|validation|valid|dev|eval)(?![a-z])")
_SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "validation": "validation",
    "valid": "validation",
    "dev": "validation",
    "eval": "validation",
}
