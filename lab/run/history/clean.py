"""Finds stage folders that are no longer needed, and runs a stage again.

A run's folder keeps every version of every stage: a changed recipe gets new folders next to the old ones, and
an interrupted stage leaves an unfinished folder. `stale` lists those that are not part of the latest run. All
completions are kept, in the bank and in the folders of stages that ran on a cluster, so whatever is removed
can be rebuilt without generating them again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.errors import InputError, nearest
from lab.formats.manifest import FILE as MANIFEST
from lab.run.folders import layout
from lab.run.folders.emptying import COMPLETIONS, empty, removable

FOLDER = re.compile(r"(.+)-[0-9a-f]{12}")
"""The names of stage folders; any other folder was put there by somebody else and is never removed."""
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Stale:
    """A stage folder that is not part of the latest run: the reason, and its size in bytes without
    completions.
    """

    folder: Path
    why: str
    size: int


def folder_of(text: str, runs: Path) -> Path:
    """The run's folder, by path or by name, finished or not. Raises InputError with the nearest name."""
    for folder in (Path(text).expanduser(), runs / text):
        if folder.is_dir() and ((folder / layout.LATEST).is_file() or any(_stages(folder))):
            return folder
    names = [path.name for path in runs.glob("*") if path.is_dir()]
    raise InputError(f"there is no run '{text}' in {runs}.{nearest(text, names)}", where=f"argument '{text}'")


def stale(run: Path) -> list[Stale]:
    """The stage folders in `runs/<recipe>` that are not part of its latest run, by name."""
    used = {folder.resolve() for folder in _latest(run)}
    return [
        Stale(folder, _why(folder), sum(map(size_of, removable(folder))))
        for folder in sorted(_stages(run))
        if folder.resolve() not in used and _has_more(folder)
    ]


def remove(folders: Iterable[Stale]) -> int:
    """Removes these and returns the bytes freed. Raises StageError for one that is in use."""
    freed = 0
    for found in folders:
        with layout.locked(found.folder):
            empty(found.folder)
            (found.folder / layout.LOCK).unlink(missing_ok=True)
        with suppress(OSError):  # completions are still in it
            found.folder.rmdir()
        freed += found.size
    return freed


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files in a folder."""
    inner = (Path(root) / name for root, _, names in os.walk(path) for name in names)
    files = inner if path.is_dir() else iter([path])
    return sum(file.lstat().st_size for file in files if file.exists() or file.is_symlink())


def _stages(run: Path) -> Iterator[Path]:
    return (path for path in run.iterdir() if path.is_dir() and FOLDER.fullmatch(path.name))


def _latest(run: Path) -> list[Path]:
    return list(layout.latest(run).values()) if (run / layout.LATEST).is_file() else []


def _has_more(folder: Path) -> bool:
    """Whether it has anything but completions."""
    return any(removable(folder)) or not (folder / COMPLETIONS).exists()


def _why(folder: Path) -> str:
    if not (folder / MANIFEST).exists():
        return "unfinished; `lab run` with the same recipe would continue it"
    return "outdated: made by an earlier version of the recipe or of its inputs"
