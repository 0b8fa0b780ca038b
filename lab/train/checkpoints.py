"""Which checkpoint to resume from, and metrics that have each step once.

A checkpoint counts only if its last file, trainer_state.json, is there and whole.
"""

from __future__ import annotations

import json
from pathlib import Path

from lab.core.files import write_atomic
from lab.train.launch import METRICS, read_metrics


def last_checkpoint(folder: Path) -> Path | None:
    """The complete checkpoint with the most steps, or None."""
    complete = [(step, path) for path in folder.glob("checkpoint-*") if (step := steps_of(path)) is not None]
    return max(complete)[1] if complete else None


def steps_of(checkpoint: Path) -> int | None:
    """Optimiser steps of a checkpoint; None if it is not complete."""
    try:
        state = json.loads((checkpoint / "trainer_state.json").read_text())
    except (OSError, ValueError):
        return None
    needed = ("optimizer.pt", "scheduler.pt")
    return int(state["global_step"]) if all((checkpoint / name).exists() for name in needed) else None


def trim_metrics(out: Path, checkpoint: Path | None) -> None:
    """Drop metric lines of steps that will be done again."""
    steps = (steps_of(checkpoint) if checkpoint else 0) or 0
    kept = [row for row in read_metrics(out) if row["step"] <= steps]
    write_atomic(out / METRICS, "".join(json.dumps(row) + "\n" for row in kept))
