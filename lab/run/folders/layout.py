"""The run directory: `runs/<recipe>/<stage>-<digest>/`; a stage is finished when its manifest is there.

A stage's digest covers its complete configuration and the digests of everything it reads. Equal digests
therefore mean equal work, and a changed recipe never overwrites an old result. `run.json` in the run's folder
lists the directories of the latest run. A lock prevents two processes from running the same stage. Folders
can be read by their owner only, because they may contain answers, documents and addresses of servers.
"""

from __future__ import annotations

import errno
import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from lab.errors import InputError, StageError
from lab.formats import answers, audit, corpus, fitted, ledger, outcomes, points, problems, report, training
from lab.formats import manifest as manifests
from lab.formats.manifest import write_manifest
from lab.run.folders.contents import content_digest
from lab.system.files import digest_file, digest_of, private_folder, read_json, write_atomic

LATEST = "run.json"
LOCK = ".lock"
_SHOWN = 12
_FULL = ("database or disk is full", "disk I/O error")


@dataclass(frozen=True, slots=True)
class Products:
    """The files of a kind of stage, as patterns within its folder."""

    results: tuple[str, ...]
    """The files whose content identifies everything made from them."""
    records: tuple[str, ...] = ()
    """Further files that are read later: their integrity is checked, but they are not part of the digest."""

    def data(self) -> dict[str, list[str]]:
        """As plain JSON data, for a manifest."""
        return {"results": list(self.results), "records": list(self.records)}


FORMER = Products(
    (
        *(f"{corpus.FOLDER}/*.parquet", audit.FILE, "model/*", points.FILE, answers.FILE, outcomes.FILE),
        *(ledger.FILES, fitted.FILE, report.SUMMARY),
    ),
    (training.METRICS, training.RECORD, problems.FILE, report.PAGE, f"{report.CURVES}.*"),
)
"""The patterns of all kinds of stages, for older manifests without patterns."""


def products_of(manifest: Mapping[str, Any]) -> Products:
    """The patterns in a manifest; those of all kinds if it has none, or any that leads out of the folder."""
    try:
        found = Products(*(tuple(manifest["products"][key]) for key in ("results", "records")))
    except (KeyError, TypeError):
        return FORMER
    paths = [PurePath(str(pattern)) for pattern in (*found.results, *found.records)]
    return FORMER if any(path.is_absolute() or ".." in path.parts for path in paths) else found


def stage_folder(
    runs: Path, recipe: str, stage: str, config: Mapping[str, Any], inputs: Mapping[str, str]
) -> Path:
    """The folder of a stage with this configuration and these input digests."""
    digest = digest_of({"config": config, "inputs": inputs})
    return runs / recipe / f"{stage}-{digest[:_SHOWN]}"


def finish(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Writes the manifest: last, atomically, with the digests of the stage's files and a seal."""
    products = products_of(manifest)
    files = {name: digest_file(path) for name, path in result_files(folder, products).items()}
    complete = sealed({**manifest, "files": files, "output": output_digest(folder, products)})
    write_manifest(folder, complete)
    return complete


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as plain JSON data, with the digest of everything else under `seal`."""
    plain: dict[str, Any] = json.loads(json.dumps(manifest, default=str))
    return {**plain, "seal": digest_of({key: value for key, value in plain.items() if key != "seal"})}


def result_files(folder: Path, products: Products, *, records: bool = True) -> dict[str, Path]:
    """Name in the folder -> path of every file of a stage's result, in order, without hidden files."""
    patterns = (*products.results, *(products.records if records else ()))
    found = {p for pattern in patterns for p in folder.glob(pattern) if p.is_file() and p.name[0] != "."}
    return {str(path.relative_to(folder)): path for path in sorted(found)}


def output_digest(folder: Path, products: Products) -> str:
    """SHA-256 over the names and contents of a stage's products, without measured times."""
    results = result_files(folder, products, records=False)
    return digest_of({name: content_digest(path) for name, path in results.items()})


def record(runs: Path, recipe: str, stages: Mapping[str, Path]) -> None:
    """Writes to run.json which directories the latest run of a recipe consists of."""
    names = {name: folder.name for name, folder in stages.items()}
    write_atomic(runs / recipe / LATEST, json.dumps({"recipe": recipe, "stages": names}, indent=1) + "\n")


def latest(run: Path) -> dict[str, Path]:
    """Stage name -> finished directory of the latest run in `runs/<recipe>`. Raises InputError if there is
    none.
    """
    try:
        names = dict(read_json(run / LATEST)["stages"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"this folder is not a run: it has no {LATEST}, which `lab run` writes", where=str(run)
        ) from None
    return {name: run / folder for name, folder in names.items() if (run / folder / manifests.FILE).exists()}


def is_disk_full(error: BaseException) -> bool:
    """Whether this error means a full disk (or quota)."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and str(error) in _FULL


def no_space(runs: Path) -> str:
    """The error for a full disk."""
    return f"no space left on the disk of {runs}. Free some space, then run the same command again"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks a stage's directory. Raises StageError if another process is running it. The lock ends with the
    process.
    """
    private_folder(folder)
    with (folder / LOCK).open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StageError(
                f"{folder}: another process is running this stage. Wait until it ends, or stop it"
            ) from None
        yield
