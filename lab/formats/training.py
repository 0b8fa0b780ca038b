"""The files of a training besides its model: metrics.jsonl, one line per step, and train.json, the result.

A line of metrics.jsonl belongs to an optimiser step (it has `loss`) or to an evaluation of the held-out
examples (`eval_loss`). COUNTS are the lab's own columns, all others are the trainer's own metrics.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.system.files import read_json, write_atomic

METRICS, RECORD = "metrics.jsonl", "train.json"
COUNTS = ("step", "epoch", "tokens", "trained_tokens", "forwarded_tokens", "flops", "seconds")
"""Columns that are not metrics; neither are those that begin with DRAWN."""
DRAWN = "drawn"
"""Counts of the samples that an online trainer generated."""


def write_metrics(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replaces the lines of the file at `path`."""
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows))


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The complete lines; an incomplete last line of a killed process is skipped."""
    rows = []
    text = path.read_text() if path.exists() else ""
    for line in text.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


class Tail:
    """Reads a growing metrics.jsonl incrementally."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0

    def new(self) -> list[dict[str, Any]]:
        """The complete lines that were added since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                whole = file.read().rpartition(b"\n")[0]
        except OSError:
            return []
        self._offset += len(whole) + 1 if whole else 0
        return [json.loads(line) for line in whole.splitlines()]


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes `folder`/train.json."""
    write_atomic(folder / RECORD, json.dumps(record, indent=1))


def read_record(folder: Path) -> dict[str, Any]:
    """The content of train.json; {} if there is none or it cannot be read."""
    try:
        found = read_json(folder / RECORD)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
