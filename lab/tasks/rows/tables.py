"""Reads rows from files (JSONL, JSON, CSV, TSV, Parquet), folders of files, and Hub data sets.

Every row stores where it comes from (file:line; file:row for Parquet), for error messages. Text files may
have a byte-order mark, CRLF line ends and blank lines; they must be UTF-8. A .json file may be a list of
objects, an object that contains one such list ({"Data": [...]}), or JSON Lines.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from lab.errors import InputError
from lab.system.paths import MOST_BYTES, decoded, oddity, path_of, regular


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row: {column: value}, and `where` it comes from."""

    values: Mapping[str, Any]
    where: str


def is_hub_id(source: str) -> bool:
    """Whether a source is a Hub id ("openai/gsm8k"): owner/name, and no such local path."""
    path = Path(source)
    return bool(_HUB_ID.fullmatch(source)) and not is_there(path) and path.suffix.lower() not in _READERS


def local_files(source: str) -> list[Path]:
    """The data files at a path, sorted by name: the file itself, or those in the folder and its subfolders.

    Raises InputError if there is none or one has an unsupported suffix.
    """
    path = path_of(source)
    if not is_there(path):
        raise InputError(f"there is no file or folder {source}")
    if not path.is_dir():
        if reason := oddity(path):
            raise InputError(f"{reason}: copy its content into a file", where=source)
        if path.suffix.lower() not in _READERS:
            raise InputError(
                f"cannot read '{path.suffix}' files; expected {', '.join(SUFFIXES)}", where=source
            )
        return [path]
    files = sorted(
        f for f in path.rglob("*") if f.is_file() and f.suffix.lower() in _READERS and f.name[0] != "."
    )
    if not files:
        raise InputError(
            f"the folder contains no data file; expected files that end in one of {', '.join(SUFFIXES)}",
            where=source,
        )
    return files


def is_there(path: Path) -> bool:
    """Whether the path exists. False for a text that cannot be a path."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def split_files(files: Iterable[Path]) -> dict[str, list[Path]]:
    """{split name: files}, from names like train.jsonl or test-00001.parquet; "" for the rest."""
    splits: dict[str, list[Path]] = {}
    for path in files:
        named = _SPLIT_NAME.match(path.stem.lower())
        splits.setdefault(_SPLITS[named.group(1)] if named else "", []).append(path)
    return splits


def read_file(path: Path) -> list[DataRow]:
    """All rows of a file. Raises InputError with file:line for data that cannot be read."""
    suffix = path.suffix.lower()
    return list(_parquet(path) if suffix == ".parquet" else _READERS[suffix](path, decoded(path)))


def hub_splits(source: str, subset: str | None) -> dict[str, list[DataRow]]:
    """{split name: rows} of a Hub data set. Raises InputError if it cannot be loaded."""
    import datasets

    try:
        loaded = datasets.load_dataset(source, subset)
    except Exception as error:
        raise InputError(
            f"cannot load the data set '{source}': {type(error).__name__}: {error!s:.300}"
        ) from None
    return {
        _SPLITS.get(str(name), str(name)): [
            DataRow(row, f"{source}/{name}:{n}") for n, row in enumerate(whole_numbers(list(map(dict, rows))))
        ]
        for name, rows in loaded.items()
    }


def _jsonl(path: Path, text: str) -> Iterator[DataRow]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{path}:{number}"
            values = _loaded(line, where)
            if not isinstance(values, dict):
                raise InputError(f"expected a JSON object, found {type(values).__name__}", where=where)
            yield DataRow(values, where)


def _json(path: Path, text: str) -> Iterator[DataRow]:
    try:
        found = json.loads(text)
    except RecursionError:
        raise InputError(_TOO_DEEP, where=str(path)) from None
    except ValueError as error:
        if str(error).startswith("Extra data"):  # a whole value, then more: one object a line
            yield from _jsonl(path, text)
            return
        raise InputError(f"not valid JSON: {error}", where=f"{path}:{getattr(error, 'lineno', 1)}") from None
    lists = [v for v in found.values() if _objects(v)] if isinstance(found, dict) else [found]
    if len(lists) != 1 or not _objects(lists[0]):
        raise InputError("expected a list of JSON objects, or an object that holds one", where=str(path))
    yield from (DataRow(row, f"{path} (row {n})") for n, row in enumerate(lists[0], 1))


def _loaded(line: str, where: str) -> Any:
    """The value of one line of JSON. Raises InputError with its place for anything else."""
    try:
        return json.loads(line)
    except RecursionError:
        raise InputError(_TOO_DEEP, where=where) from None
    except json.JSONDecodeError as error:
        raise InputError(f"not valid JSON: {error.msg}, column {error.colno}", where=where) from None
    except ValueError as error:  # a number with too many digits
        raise InputError(f"not valid JSON: {error!s:.100}", where=where) from None


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _csv(path: Path, text: str) -> Iterator[DataRow]:
    csv.field_size_limit(MOST_BYTES)
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
                    raise InputError("the first line has the same column name twice", where=where)
            elif len(cells) != len(header):
                raise InputError(
                    f"the row has {len(cells)} cells, but the first line names {len(header)} columns",
                    where=where,
                )
            else:
                yield DataRow(dict(zip(header, cells, strict=True)), where)
    except csv.Error as error:
        raise InputError(f"not valid CSV: {error}", where=f"{path}:{reader.line_num}") from None


def _parquet(path: Path) -> Iterator[DataRow]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(regular(path))
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file: {error!s:.200}", where=str(path)) from None
    rows = whole_numbers(table.to_pylist())
    yield from (DataRow(row, f"{path} (row {n})") for n, row in enumerate(rows, 1))


def whole_numbers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with NaN replaced by null, and columns of only whole floats as ints; also for floats in lists.

    Whole numbers with gaps are often stored as floats: 3 as 3.0, a gap as NaN.
    """
    for name in dict.fromkeys(name for row in rows for name in row):
        cells = [row.get(name) for row in rows]
        floats = [c for cell in cells for c in _several(cell) if isinstance(c, float) and not isnan(c)]
        whole = bool(floats) and all(c.is_integer() and abs(c) < 2**53 for c in floats)
        for row, value in zip(rows, cells, strict=True):
            if isinstance(value, float):
                row[name] = _whole(value, whole)
            elif isinstance(value, list) and any(isinstance(entry, float) for entry in value):
                row[name] = [_whole(e, whole) if isinstance(e, float) else e for e in value]
    return rows


def _several(cell: Any) -> list[Any]:
    return cell if isinstance(cell, list) else [cell]


def _whole(value: float, whole: bool) -> float | int | None:
    return None if isnan(value) else int(value) if whole else value


_TOO_DEEP = "the JSON is nested too deeply"

_READERS = {".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json, ".csv": _csv, ".tsv": _csv, ".parquet": _csv}
SUFFIXES = tuple(_READERS)
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
