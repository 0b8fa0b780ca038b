"""manifest.json: what a stage did, its inputs, and the digests of its outputs; written last.

A folder without it is an unfinished stage. notes.json in the same folder has a few sentences about the
numbers of the stage: they are shown while it runs, copied into its manifest, and repeated by every report
that reads the stage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.core.protocols import TaskLike
from lab.system.files import read_json, write_atomic
from lab.system.progress import Progress

FILE = "manifest.json"


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes `folder`/manifest.json."""
    write_atomic(folder / FILE, json.dumps(manifest, indent=1) + "\n")


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished stage; None if it is not finished, or if the manifest cannot be read.

    The folder's files are not compared with it.
    """
    try:
        data = read_json(folder / FILE)
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and "output" in data else None


def manifests_in(runs: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """(folder, manifest) of every finished stage of every run in a folder of runs."""
    for path in runs.glob(f"*/*/{FILE}"):
        if (manifest := manifest_of(path.parent)) is not None:
            yield path.parent, manifest


NOTES = "notes.json"


def unfilled(task: TaskLike, count: int) -> str:
    """A note if a task has fewer problems than its `limit`; "" if it has enough."""
    if task.limit is None or count >= task.limit:
        return ""
    return f"task {task.label} has only {count:,} problems, fewer than its limit of {task.limit:,}"


def write_notes(folder: Path, notes: Sequence[str]) -> None:
    """Writes the notes; no file is written if there are none."""
    (folder / NOTES).unlink(missing_ok=True)
    if notes:
        write_atomic(folder / NOTES, json.dumps(list(notes), ensure_ascii=False) + "\n")


def say_notes(folder: Path, notes: Sequence[str], progress: Progress) -> None:
    """Writes the notes and shows them."""
    write_notes(folder, notes)
    for note in notes:
        progress.note(note)


def add_notes(folder: Path, notes: Sequence[str]) -> None:
    """Adds notes to those that are there, each once."""
    if notes:
        write_notes(folder, list(dict.fromkeys([*read_notes(folder), *notes])))


def read_notes(folder: Path) -> list[str]:
    """The notes; nothing if there is no such file, or if it cannot be read."""
    try:
        found = json.loads((folder / NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [str(note) for note in found] if isinstance(found, list) else []
