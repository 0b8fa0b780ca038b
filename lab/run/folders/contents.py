"""What a stage's files say, apart from how long anything took: the digest that names what is made of them.

Equal results have equal digests, on whatever day and machine they were made, so that a training done again
leads to the same folders as before. Left out are columns and keys that hold measured time (`seconds`, and
names that end in it; latencies, and how many requests were under way). Tables are read in batches; memory
holds one.
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
    """SHA-256 of what a Parquet, CSV or JSON file says without its times; of any other file's bytes.

    The files of a model are taken as they are.
    """
    readers = {".parquet": _parquet, ".csv": _csv, ".json": _json}
    read = None if path.parent.name == "model" else readers.get(path.suffix)
    return read(path) if read else digest_file(path)


_WAITED = ("latency", "latency_p50", "latency_p95", "concurrency")


def is_time(name: str) -> bool:
    """Whether a column or key of this name holds measured time."""
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
    """Add an Arrow array: which places are empty, then the values; nested ones field by field."""
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
