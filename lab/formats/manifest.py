"""manifest.json: what a stage did, with what, and the digests of what it made; written last.

A folder without it holds an unfinished stage. Beside it notes.json has what a stage has to say about its
numbers, a few sentences: they are shown while it runs, kept in its manifest, and repeated by every report
that reads the stage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.core.protocols import TaskLike
from lab.system.files import read_json, write_atomic

FILE = "manifest.json"


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `folder`/manifest.json."""
    write_atomic(folder / FILE, json.dumps(manifest, indent=1) + "\n")


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished stage; None if it is not finished, or the manifest cannot be read.

    Whether the folder's files still are what it says is not looked at.
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
    """That a task has fewer problems than its `limit` asks for; "" where it has them all."""
    if task.limit is None or count >= task.limit:
        return ""
    return f"task {task.label} has only {count:,} problems, fewer than its limit of {task.limit:,}"


def write_notes(folder: Path, notes: Sequence[str]) -> None:
    """Keep them; without any there is no file."""
    (folder / NOTES).unlink(missing_ok=True)
    if notes:
        write_atomic(folder / NOTES, json.dumps(list(notes), ensure_ascii=False) + "\n")


def read_notes(folder: Path) -> list[str]:
    """What `write_notes` kept; nothing where there is no such file, or it cannot be read."""
    try:
        found = json.loads((folder / NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [str(note) for note in found] if isinstance(found, list) else []
