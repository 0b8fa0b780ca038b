"""Empties a stage's folder; completions that were generated on a cluster stay.

Everything else can be made again from them, without an engine.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from lab.core.bank.cluster.places import FOLDER as COMPLETIONS
from lab.core.bank.cluster.places import PARTS
from lab.core.bank.cluster.settled import settle
from lab.formats.manifest import FILE as MANIFEST
from lab.run.folders.layout import LOCK

__all__ = ["COMPLETIONS", "empty", "removable"]


def empty(folder: Path) -> None:
    """Removes everything but completions from a (locked) stage folder, so that the stage starts from the
    beginning.
    """
    (folder / MANIFEST).unlink(missing_ok=True)  # first: a partly emptied folder is not finished
    for path in [path for path in removable(folder) if path.name != PARTS]:
        _remove(path)
    settle(folder)  # now that there is space
    for path in list(removable(folder)):
        _remove(path)


def removable(folder: Path) -> Iterator[Path]:
    """What is in a stage's folder besides completions."""
    return (path for path in folder.iterdir() if path.name not in (COMPLETIONS, LOCK))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
