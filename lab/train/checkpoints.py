"""Complete checkpoints; incomplete ones are not used.

A checkpoint is complete if it has a marker file, which is written last and lists the sizes of all other
files. A checkpoint of a killed process has no marker, or other sizes, and is deleted. metrics.jsonl is cut to
the checkpoint's step, so that a continued training has each step once.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from lab.formats.training import read_metrics, write_metrics
from lab.system.files import write_atomic

MARKER = "complete.json"


def mark_complete(checkpoint: Path) -> None:
    """Writes the marker of a checkpoint whose files are complete."""
    write_atomic(checkpoint / MARKER, json.dumps(_sizes(checkpoint)))


def last_complete(folder: Path) -> Path | None:
    """The newest complete checkpoint. Others in `folder` are deleted, except the best one that it records."""
    checkpoints = sorted(folder.glob("checkpoint-*"), key=_step, reverse=True)
    whole = [path for path in checkpoints if _is_whole(path)]
    kept = [*whole[:1], *(_best(whole[0]) if whole else ())]
    for path in checkpoints:
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)
    return whole[0] if whole else None


def _best(checkpoint: Path) -> list[Path]:
    """The checkpoint with the lowest held-out loss, as recorded in this one."""
    try:
        named = json.loads((checkpoint / "trainer_state.json").read_text()).get("best_model_checkpoint")
    except (OSError, ValueError, AttributeError):
        return []
    return [checkpoint.parent / Path(named).name] if named else []


def cut_metrics(path: Path, checkpoint: Path | None) -> list[dict[str, Any]]:
    """Removes the lines after the checkpoint's step (all lines without a checkpoint). Returns the others."""
    step = _step(checkpoint) if checkpoint else 0
    kept = [row for row in read_metrics(path) if row["step"] <= step]
    write_metrics(path, kept)
    return kept


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1


def _is_whole(checkpoint: Path) -> bool:
    try:
        return bool(json.loads((checkpoint / MARKER).read_text()) == _sizes(checkpoint))
    except (OSError, ValueError):
        return False


def _sizes(folder: Path) -> dict[str, int]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != MARKER)
    return {str(p.relative_to(folder)): p.stat().st_size for p in files}
