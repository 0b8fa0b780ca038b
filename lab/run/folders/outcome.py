"""The result of a finished stage in one line, read from the stage's files.

A line says no more than the files: an accuracy that was not measured is not shown as 0, failed and unscored
answers are counted next to it, and a file that is damaged or from an older version gives no line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.formats.audit import read_audit
from lab.formats.manifest import manifest_of
from lab.formats.points import GAPS, POOLED, Point, read_points
from lab.formats.training import METRICS, read_metrics

WAYS = 3
"""Maximum number of strategies in one line."""
Rows = dict[tuple[str, str, int], Point]
"""(curve, scorer, samples) -> a measured point of the pooled task."""


def corpus_line(folder: Path) -> str:
    """`kept 82 of 1,920, 8 overlap with tests`."""
    audit = read_audit(folder)
    parts = [f"kept {audit['kept']:,} of {audit['drawn']:,}"]
    near = sum(task["overlapping_examples"] for task in audit["contamination"]["tasks"].values())
    if near:
        parts.append(f"{near:,} overlap{'s' if near == 1 else ''} with test questions")
    if failed := audit["problems"]["failed"]:
        parts.append(f"{failed:,} of {audit['problems']['asked']:,} problems failed")
    if lost := audit.get("faults", {}).get("lost"):
        parts.append(f"{lost:,} of {audit['faults']['completions']:,} completions could not be generated")
    return ", ".join(parts)


def training_line(folder: Path) -> str:
    """`loss 1.9 -> 0.6, 40 steps`; the reward instead, if there is one."""
    rows = read_metrics(folder / METRICS)
    for name in ("reward", "loss"):
        values = [float(row[name]) for row in rows if isinstance(row.get(name), int | float)]
        if values:
            steps = f"{len(rows):,} step{'' if len(rows) == 1 else 's'}"
            change = f"{values[0]:.2g} → " if len(values) > 1 else ""
            return f"{name} {change}{values[-1]:.2g}, {steps}"
    return ""


def accuracy_line(folder: Path, manifest: Mapping[str, Any], earlier: Mapping[str, Path]) -> str:
    """`greedy 0.17 → 0.32 [0.26, 0.39]`; before the arrow, another model that was evaluated in the same
    way.
    """
    return _accuracies(_measured(folder), _baseline(manifest, earlier))


def _measured(folder: Path) -> Rows:
    """The measured points of the pooled task, or of the only one."""
    rows = read_points(folder, origin="measured")
    task = POOLED if any(row.task == POOLED for row in rows) else rows[0].task if rows else ""
    return {(r.strategy, r.scorer, r.samples): r for r in rows if r.task == task}


def _baseline(manifest: Mapping[str, Any], earlier: Mapping[str, Path]) -> Rows:
    """The measured points of the first earlier stage in which another model answered the same problems."""
    for folder in earlier.values():
        other = manifest_of(folder) or {}
        if folder.name != manifest["folder"] and other.get("kind") == manifest["kind"]:
            keys = ("tasks", "split", "sampling", "seed")
            same = other.get("model") == manifest.get("model")
            if not same and all(other["config"].get(key) == manifest["config"].get(key) for key in keys):
                return _measured(folder)
    return {}


def _accuracies(rows: Rows, before: Rows) -> str:
    """`greedy 0.17 → 0.32 [0.26, 0.39], self_consistency@16 0.24 [0.18, 0.31]`; greedy first."""
    ordered = sorted(rows.items(), key=lambda item: item[0][0] != "greedy")
    parts = [_accuracy(key, row, before.get(key)) for key, row in ordered[:WAYS]]
    more = [f"{len(rows) - WAYS} more"] if len(rows) > WAYS else []
    return ", ".join([*parts, *more]) or "no accuracy was measured"


def _accuracy(key: tuple[str, str, int], row: Point, before: Point | None) -> str:
    strategy, scorer, samples = key
    name = f"{strategy}[{scorer}]" if scorer and "[" not in strategy else strategy
    name += f"@{samples}" if samples > 1 else ""
    value = row.accuracy
    if math.isnan(value):
        return f"{name} not measured{_missing(row)}"
    was = before.accuracy if before else math.nan
    change = "" if math.isnan(was) else f"{was:.2f} → "
    return f"{name} {change}{value:.2f} [{row.ci_low:.2f}, {row.ci_high:.2f}]{_missing(row)}"


def _missing(row: Point) -> str:
    """` (3 failed, 2 unscored)`; "" if every answer was scored."""
    counts = [f"{count} {name}" for name in GAPS if (count := getattr(row, name))]
    return f" ({', '.join(counts)})" if counts else ""
