"""Where the completions of a stage on a cluster are, within its folder.

.parts/.<start>-<end>.<worker>.tmp/bank.log   a shard in progress, or left by a worker that died
bank/<start>-<end>.parquet                    a finished shard
bank/index.bin                                which file has which problem, when the stage is finished
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from lab.core.shards import Shard

FOLDER = "bank"
PARTS = ".parts"
LOG = "bank.log"
INDEX = "index.bin"
_ENDING = ".parquet"
_UNFINISHED = ".tmp"


def bank_file(stage: Path, shard: Shard) -> Path:
    """The file of a finished shard."""
    return stage / FOLDER / f"{shard}{_ENDING}"


def attempt_folder(stage: Path, shard: Shard, worker: str) -> Path:
    """The folder in which a worker does a shard."""
    return stage / PARTS / f".{shard}.{worker}{_UNFINISHED}"


def finished_shards(stage: Path) -> list[Shard]:
    """The shards that have a file, in order."""
    shards = (Shard.parse(name.removesuffix(_ENDING)) for name in _names(stage / FOLDER, "", _ENDING))
    return sorted(shard for shard in shards if shard)


def logs(stage: Path, problems: Shard | None = None) -> list[tuple[Shard, Path]]:
    """The logs of all attempts (at some of these problems), with their shards; the one that was written last
    comes last.
    """
    found = []
    for name in _names(stage / PARTS, ".", _UNFINISHED):
        log, shard = stage / PARTS / name / LOG, Shard.parse(name[1:].partition(".")[0])
        with suppress(OSError):  # an attempt that ends now
            if shard is not None and (problems is None or shard.overlaps(problems)):
                found.append((log.stat().st_mtime_ns, shard, log))
    return [(shard, log) for _, shard, log in sorted(found)]


def indexes(runs: Path) -> list[Path]:
    """The indexes of all finished stages under the folder of all runs."""
    return sorted(runs.glob(f"*/*/{FOLDER}/{INDEX}"))


def problem_of(owner: str, stage: Path) -> str | None:
    """The problem of a completion's owner (`run/stage folder/problem`); None if it is not of this stage."""
    run, found, problem = owner.partition(f"/{stage.name}/")
    return problem if run and found else None


def _names(folder: Path, start: str, end: str) -> list[str]:
    """The names in a folder with this start and end; none if there is no such folder."""
    try:
        return [name for name in os.listdir(folder) if name.startswith(start) and name.endswith(end)]
    except OSError:
        return []
