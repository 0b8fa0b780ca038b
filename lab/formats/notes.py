"""What a stage has to say about its numbers besides them: a few sentences in notes.json in its folder.

They are shown while it runs, kept in its manifest, and repeated by every report that reads the stage.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from lab.core.protocols import TaskLike
from lab.system.files import write_atomic

FILE = "notes.json"


def unfilled(task: TaskLike, count: int) -> str:
    """That a task has fewer problems than its `limit` asks for; "" where it has them all."""
    if task.limit is None or count >= task.limit:
        return ""
    return f"task {task.label} has only {count:,} problems, fewer than its limit of {task.limit:,}"


def write_notes(folder: Path, notes: Sequence[str]) -> None:
    """Keep them; without any there is no file."""
    (folder / FILE).unlink(missing_ok=True)
    if notes:
        write_atomic(folder / FILE, json.dumps(list(notes), ensure_ascii=False) + "\n")


def read_notes(folder: Path) -> list[str]:
    """What `write_notes` kept; nothing where there is no such file, or it cannot be read."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [str(note) for note in found] if isinstance(found, list) else []
