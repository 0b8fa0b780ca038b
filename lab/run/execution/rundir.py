"""The run directory: `runs/<recipe>/<stage>-<digest>/`, finished when its manifest is there.

A stage's digest covers its complete configuration and the digests of everything it reads, so equal
digests mean equal work and a changed recipe never overwrites an old result. `run.json` beside the
stages says which directories make up the latest run. A lock keeps two processes off one stage. Folders
that are made here can be read by their owner alone: they may hold answers, documents, addresses of servers.
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

from lab.errors import InputError, StageError
from lab.formats import answers, audit, corpus, fitted, ledger, outcomes, points, problems, report, training
from lab.formats import manifest as manifests
from lab.formats.manifest import write_manifest
from lab.run.execution.contents import content_digest
from lab.system.files import digest_file, digest_of, private_folder, read_json, write_atomic

LATEST = "run.json"
_SHOWN = 12
_FULL = ("database or disk is full", "disk I/O error")

PRODUCTS = {
    "generate": (f"{corpus.FOLDER}/*.parquet", audit.FILE, ledger.FILE),
    "train": ("model/*", ledger.FILE),
    "evaluate": (points.FILE, answers.FILE, outcomes.FILE, ledger.FILES, fitted.FILE),
    "report": (points.FILE, report.SUMMARY),
}
"""The files that are a stage's result, by kind of stage: what they say names all that is made of them."""
RECORDS = {
    "train": (training.METRICS, training.RECORD),
    "evaluate": (problems.FILE,),
    "report": (report.PAGE, f"{report.CURVES}.*"),
}
"""Further files that are read later, by kind of stage: kept safe like the result, but no part of its name."""


def stage_folder(
    runs: Path, recipe: str, stage: str, config: Mapping[str, Any], inputs: Mapping[str, str]
) -> Path:
    """Where a stage with this configuration and these input digests lives."""
    digest = digest_of({"config": config, "inputs": inputs})
    return runs / recipe / f"{stage}-{digest[:_SHOWN]}"


def finish(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest: last, atomically, with the digests of what the stage produced and a seal."""
    kind = str(manifest["kind"])
    files = {name: digest_file(path) for name, path in result_files(folder, kind).items()}
    complete = sealed({**manifest, "files": files, "output": output_digest(folder, kind)})
    write_manifest(folder, complete)
    return complete


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as plain JSON data, with the digest of all the rest of it under `seal`."""
    plain: dict[str, Any] = json.loads(json.dumps(manifest, default=str))
    return {**plain, "seal": digest_of({key: value for key, value in plain.items() if key != "seal"})}


def result_files(folder: Path, kind: str, *, records: bool = True) -> dict[str, Path]:
    """Name in the folder -> path of every file of a stage's result, in order; hidden ones are none."""
    patterns = (*PRODUCTS.get(kind, ()), *(RECORDS.get(kind, ()) if records else ()))
    found = {p for pattern in patterns for p in folder.glob(pattern) if p.is_file() and p.name[0] != "."}
    return {str(path.relative_to(folder)): path for path in sorted(found)}


def output_digest(folder: Path, kind: str) -> str:
    """SHA-256 over the names of a stage's products and what they say, apart from how long anything took."""
    products = result_files(folder, kind, records=False)
    return digest_of({name: content_digest(path) for name, path in products.items()})


def record(runs: Path, recipe: str, stages: Mapping[str, Path]) -> None:
    """Say in run.json which directories the latest run of a recipe consists of."""
    names = {name: folder.name for name, folder in stages.items()}
    write_atomic(runs / recipe / LATEST, json.dumps({"recipe": recipe, "stages": names}, indent=1) + "\n")


def latest(run: Path) -> dict[str, Path]:
    """Stage name -> finished directory of the latest run in `runs/<recipe>`; InputError if there is none."""
    try:
        names = dict(read_json(run / LATEST)["stages"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"this folder is not a run: it has no {LATEST}, which `lab run` writes", where=str(run)
        ) from None
    return {name: run / folder for name, folder in names.items() if (run / folder / manifests.FILE).exists()}


def is_disk_full(error: BaseException) -> bool:
    """Whether this is how a full disk (or quota) shows itself."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and str(error) in _FULL


def no_space(runs: Path) -> str:
    """What a person is told when the disk is full."""
    return f"no space left on the disk of {runs}. Free some space, then run the same command again"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a stage's directory; StageError if another process is working on it. Ends with the process."""
    private_folder(folder)
    with (folder / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StageError(
                f"{folder}: another process is running this stage. Wait until it ends, or stop it"
            ) from None
        yield
