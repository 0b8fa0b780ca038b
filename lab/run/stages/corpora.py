"""The corpora of a train stage as one folder, whatever they were made by."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab.errors import InputError


def as_one(folders: Sequence[Path], out: Path) -> Path:
    """The only folder itself, else `out` with a name for every shard of all of them, in order.

    Shards are linked, copied where the file system has no links. Raises InputError for corpora whose shapes
    differ: their rows cannot be told apart by a trainer.
    """
    if len(folders) == 1:
        return folders[0]
    shards = [shard for folder in folders for shard in sorted(folder.glob("data/train-*.parquet"))]
    _same_columns(shards)
    shutil.rmtree(out, ignore_errors=True)
    (out / "data").mkdir(parents=True)
    for number, shard in enumerate(shards):
        name = out / "data" / f"train-{number:05d}.parquet"
        try:
            os.link(shard.resolve(), name)
        except OSError:
            shutil.copyfile(shard, name)
    return out


def _same_columns(shards: Sequence[Path]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first: list[str] | None = None
    for shard in shards:
        try:
            names = pq.read_schema(shard).names
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"not a readable Parquet file: {error}", where=str(shard)) from None
        if first is not None and names != first:
            raise InputError(
                f"has the columns {', '.join(names)}, {shards[0]} {', '.join(first)}", where=str(shard)
            )
        first = names
