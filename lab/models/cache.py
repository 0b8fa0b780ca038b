"""The cache of converted built-in models: convert once, verify, convert again if damaged.

An entry is a folder with a record of the digest of its files; it gets its name by one rename when it is
complete. Normally only sizes and modification times are compared with those of the last full check; if they
differ, every byte is hashed again. A file lock lets one process convert while others wait.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import InputError, StageError
from lab.models.builtin import BUILTIN
from lab.models.digests import digest_model
from lab.system.files import read_json, unwatched, write_atomic
from lab.system.paths import cache_folder

RECORD = "lab-model.json"


def entry_of(name: str, cache: Path | None = None) -> Path:
    """The folder of a built-in model in the cache."""
    return (cache or cache_folder()) / "models" / f"{name}-{BUILTIN[name].revision}"


def converted(name: str, cache: Path | None = None) -> tuple[Path, str]:
    """(folder, digest) of a built-in model, converted first if necessary (SmolLM2: about 20 s).

    Raises InputError if the cache cannot be written, StageError if the conversion fails.
    """
    folder = entry_of(name, cache)
    if (digest := recorded(folder)) is not None:
        return folder, digest
    with _locked(folder.with_name(f"{folder.name}.lock")):
        if (digest := recorded(folder)) is None:
            digest = _make(name, folder)
    return folder, digest


def recorded(folder: Path) -> str | None:
    """The digest of a complete cache entry; None if it is missing, incomplete or damaged."""
    try:
        record = read_json(folder / RECORD)
        return str(record["digest"]) if digest_model(folder) == record["digest"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(name: str, folder: Path) -> str:
    """Converts into a hidden folder beside `folder`, then renames it; returns the digest."""
    for leftover in (folder, *folder.parent.glob(f".{folder.name}.*")):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        made = Path(scratch) / "model"
        _convert(name, made)
        with unwatched():
            digest = digest_model(made, trust_times=False)
        write_atomic(made / RECORD, json.dumps({"name": name, "digest": digest}))
        made.rename(folder)
    return digest_model(folder)


def _convert(name: str, made: Path) -> None:
    """Runs the conversion in a process of its own, so that this process does not import torch."""
    command = [sys.executable, "-m", "lab.models.convert", name, str(made)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, errors="replace", stdin=subprocess.DEVNULL
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise StageError(f"model '{name}' could not be converted: {last.removeprefix(_OWN_ERROR)}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock, so that only one process at a time converts a model."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        message = (
            f"cannot write the model cache ({error.strerror}): set LAB_CACHE to a folder that can be written"
        )
        raise InputError(message, where=str(path.parent)) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


_OWN_ERROR = "lab.errors.StageError: "
