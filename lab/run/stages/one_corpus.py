"""Combines the corpora of a train stage into one folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab.errors import InputError
from lab.formats.corpus import FOLDER, column_names, shard_name, shards_in


def as_one(folders: Sequence[Path], out: Path) -> Path:
    """The only folder itself, else `out` with a name for every shard of all of them, in order.

    Shards are linked, or copied if the file system has no links. Raises InputError for corpora with different
    shapes, because a trainer could not distinguish their rows.
    """
    if len(folders) == 1:
        return folders[0]
    shards = [shard for folder in folders for shard in shards_in(folder)]
    _same_columns(shards)
    shutil.rmtree(out, ignore_errors=True)
    (out / FOLDER).mkdir(parents=True)
    for number, shard in enumerate(shards):
        name = out / FOLDER / shard_name(number)
        try:
            os.link(shard.resolve(), name)
        except OSError:
            shutil.copyfile(shard, name)
    return out


def _same_columns(shards: Sequence[Path]) -> None:
    first: list[str] | None = None
    for shard in shards:
        names = column_names(shard)
        if first is not None and names != first:
            raise InputError(
                f"has the columns {', '.join(names)}, {shards[0]} {', '.join(first)}", where=str(shard)
            )
        first = names
