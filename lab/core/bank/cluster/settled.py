"""What is left of work on a cluster is made ready for others: logs become files, and files get an index."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.core.bank.cluster.index import write_index
from lab.core.bank.cluster.open_shard import OpenShard
from lab.core.bank.cluster.places import FOLDER, PARTS, bank_file, logs
from lab.core.shards import Shard


def settle(stage: Path, tell: Callable[[str], None] = lambda text: None) -> None:
    """Saves the completions in all logs of a stage on which nobody works, and writes its index.

    A stage that never ran on a cluster is not changed. Raises OSError.
    """
    if not ((stage / FOLDER).is_dir() or (stage / PARTS).is_dir()):
        return
    found: dict[Shard, list[Path]] = {}
    for shard, log in logs(stage):
        found.setdefault(shard, []).append(log)
    damaged = sum(_saved(stage, shard, paths) for shard, paths in found.items()) + write_index(stage)
    if damaged:
        tell(f"{stage}: {damaged:,} damaged or incomplete entries and files of the bank were ignored")


def _saved(stage: Path, shard: Shard, paths: list[Path]) -> int:
    """Writes the completions of a shard's logs, unless it is finished. Returns how many were damaged."""
    if (destination := bank_file(stage, shard)).exists():
        return 0
    with (
        TemporaryDirectory(dir=stage, prefix=".") as folder,
        closing(OpenShard(stage, Path(folder))) as opened,
    ):
        for path in paths:
            opened.take_over(path, None)
        opened.finish(destination)
        return opened.damaged
