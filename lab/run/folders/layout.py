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
from dataclasses import dataclass
from pathlib import Path
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
    """The files that a kind of stage leaves, as patterns within its folder."""

    results: tuple[str, ...]
    """What they say names all that is made of them."""
    records: tuple[str, ...] = ()
    """Further files that are read later: kept safe like the result, but no part of its name."""

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
"""Those of every kind of stage, for manifests from before they were written down."""


def products_of(manifest: Mapping[str, Any]) -> Products:
    """The patterns in a manifest."""
    found = manifest.get("products")
    return Products(tuple(found["results"]), tuple(found["records"])) if found else FORMER


def stage_folder(
    runs: Path, recipe: str, stage: str, config: Mapping[str, Any], inputs: Mapping[str, str]
) -> Path:
    """Where a stage with this configuration and these input digests lives."""
    digest = digest_of({"config": config, "inputs": inputs})
    return runs / recipe / f"{stage}-{digest[:_SHOWN]}"


def finish(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest: last, atomically, with the digests of what the stage produced and a seal."""
    products = products_of(manifest)
    files = {name: digest_file(path) for name, path in result_files(folder, products).items()}
    complete = sealed({**manifest, "files": files, "output": output_digest(folder, products)})
    write_manifest(folder, complete)
    return complete


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as plain JSON data, with the digest of all the rest of it under `seal`."""
    plain: dict[str, Any] = json.loads(json.dumps(manifest, default=str))
    return {**plain, "seal": digest_of({key: value for key, value in plain.items() if key != "seal"})}


def result_files(folder: Path, products: Products, *, records: bool = True) -> dict[str, Path]:
    """Name in the folder -> path of every file of a stage's result, in order; hidden ones are none."""
    patterns = (*products.results, *(products.records if records else ()))
    found = {p for pattern in patterns for p in folder.glob(pattern) if p.is_file() and p.name[0] != "."}
    return {str(path.relative_to(folder)): path for path in sorted(found)}


def output_digest(folder: Path, products: Products) -> str:
    """SHA-256 over the names of a stage's products and what they say, apart from how long anything took."""
    results = result_files(folder, products, records=False)
    return digest_of({name: content_digest(path) for name, path in results.items()})


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
    with (folder / LOCK).open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StageError(
                f"{folder}: another process is running this stage. Wait until it ends, or stop it"
            ) from None
        yield
