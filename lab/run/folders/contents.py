"""Digests of a stage's files that ignore measured times.

Equal results have equal digests, on any day and machine, so that a repeated training leads to the same
folders. Columns and keys with measured times are left out (`seconds`, and names that end in it; latencies,
and the number of concurrent requests). Tables are read in batches; memory holds one batch.
"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

from lab.system.files import canonical_json, digest_file
from lab.system.imports import spare_pandas

_BATCH = 512


def content_digest(path: Path) -> str:
    """SHA-256 of a Parquet, CSV or JSON file's content without times; of any other file's bytes.

    The files of a model are digested as they are.
    """
    readers = {".parquet": _parquet, ".csv": _csv, ".json": _json}
    read = None if path.parent.name == "model" else readers.get(path.suffix)
    return read(path) if read else digest_file(path)


_WAITED = ("latency", "latency_p50", "latency_p95", "concurrency")


def is_time(name: str) -> bool:
    """Whether a column or key with this name is a measured time."""
    return name == "seconds" or name.endswith("_seconds") or name in _WAITED


def _json(path: Path) -> str:
    said = _without_times(json.loads(path.read_bytes()))
    return hashlib.sha256(canonical_json(said).encode("utf-8", "surrogatepass")).hexdigest()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(inner) for key, inner in value.items() if not is_time(key)}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


def _csv(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        head = next(rows, [])
        kept = [i for i, name in enumerate(head) if not is_time(name)]
        for row in (head, *rows):
            digest.update(canonical_json([row[i] for i in kept if i < len(row)]).encode() + b"\n")
    return digest.hexdigest()


def _parquet(path: Path) -> str:
    import pyarrow.parquet as pq

    spare_pandas()
    digest = hashlib.sha256()
    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if not is_time(name)]
        kinds = [(name, str(file.schema_arrow.field(name).type)) for name in names]
        digest.update(canonical_json(kinds).encode())
        for batch in file.iter_batches(batch_size=_BATCH, columns=names):
            for name in names:
                _feed(digest, batch.column(name))
    return digest.hexdigest()


def _feed(digest: Any, array: Any) -> None:
    """Adds an Arrow array: which values are null, then the values; nested arrays field by field."""
    import pyarrow.types as kinds

    digest.update(f"{len(array)},{array.null_count};".encode())
    if array.null_count:
        digest.update(array.is_valid().to_numpy(zero_copy_only=False).tobytes())
    if kinds.is_struct(array.type):
        for field, values in zip(array.type, array.flatten(), strict=True):
            if not is_time(field.name):
                _feed(digest, values)
    elif kinds.is_list(array.type) or kinds.is_large_list(array.type):
        _feed(digest, array.value_lengths())
        _feed(digest, array.flatten())
    elif kinds.is_boolean(array.type):
        digest.update(array.fill_null(False).to_numpy(zero_copy_only=False).tobytes())
    elif kinds.is_integer(array.type) or kinds.is_floating(array.type):
        digest.update(array.fill_null(0).to_numpy(zero_copy_only=False).tobytes())
    else:
        digest.update(canonical_json(array.to_pylist()).encode("utf-8", "surrogatepass"))
