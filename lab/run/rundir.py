"""The run directory: `runs/<recipe>/<stage>-<digest>/`, finished when its manifest is there.

A stage's digest covers its complete configuration and the digests of everything it reads, so equal
digests mean equal work and a changed recipe never overwrites an old result. `run.json` beside the
stages says which directories make up the latest run. A lock keeps two processes off one stage.
"""

from __future__ import annotations

import errno
import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.core.errors import InputError, StageError
from lab.core.files import digest_file, digest_of, write_atomic

MANIFEST = "manifest.json"
LATEST = "run.json"
_SHOWN = 12
_FULL = ("database or disk is full", "disk I/O error")

PRODUCTS = {
    "generate": ("data/*.parquet", "audit.json", "ledger.parquet"),
    "train": ("model/*", "ledger.parquet"),
    "evaluate": ("points.csv", "answers.parquet", "outcomes.parquet", "ledger*.parquet", "fitted.json"),
    "report": ("points.csv", "summary.json"),
}
"""The files whose bytes are a stage's result, by kind of stage."""


def stage_folder(
    runs: Path, recipe: str, stage: str, config: Mapping[str, Any], inputs: Mapping[str, str]
) -> Path:
    """Where a stage with this configuration and these input digests lives."""
    digest = digest_of({"config": config, "inputs": inputs})
    return runs / recipe / f"{stage}-{digest[:_SHOWN]}"


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished stage; None if it is not finished. A damaged one counts as absent."""
    try:
        data = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and "output" in data else None


def finish(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest: last, atomically, with the digest of what the stage produced."""
    complete = {**manifest, "output": output_digest(folder, str(manifest["kind"]))}
    write_atomic(folder / MANIFEST, json.dumps(complete, indent=1, default=str) + "\n")
    return complete


def output_digest(folder: Path, kind: str) -> str:
    """SHA-256 over the names and bytes of a stage's products."""
    files = sorted(p for pattern in PRODUCTS[kind] for p in folder.glob(pattern) if p.is_file())
    return digest_of({str(p.relative_to(folder)): digest_file(p) for p in files})


def record(runs: Path, recipe: str, stages: Mapping[str, Path]) -> None:
    """Say in run.json which directories the latest run of a recipe consists of."""
    names = {name: folder.name for name, folder in stages.items()}
    write_atomic(runs / recipe / LATEST, json.dumps({"recipe": recipe, "stages": names}, indent=1) + "\n")


def latest(run: Path) -> dict[str, Path]:
    """Stage name -> finished directory of the latest run in `runs/<recipe>`; InputError if there is none."""
    try:
        names = json.loads((run / LATEST).read_text())["stages"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"no run here (expected {LATEST}, as `lab run` leaves it)", where=str(run)) from None
    return {name: run / folder for name, folder in names.items() if manifest_of(run / folder)}


def is_disk_full(error: BaseException) -> bool:
    """Whether this is how a full disk (or quota) shows itself."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and str(error) in _FULL


def no_space(runs: Path) -> str:
    """What a person is told when the disk is full."""
    return f"no space left on the disk of {runs}; free some and run the same command again"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a stage's directory; StageError if another process is working on it. Ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StageError(
                f"{folder}: another process is running this stage; wait for it or stop it"
            ) from None
        yield
