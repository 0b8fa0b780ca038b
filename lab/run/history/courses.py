"""How the train stages behind an evaluate stage went, read from their folders: metrics.jsonl and train.json.

A line of metrics.jsonl belongs to an optimiser step (it has `loss`) or to a look at the held-out examples
(`eval_loss`); the lab's own columns are counts, all others are the trainer's own metrics, passed on by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.formats import ledger
from lab.formats.manifest import manifest_of
from lab.formats.training import COUNTS, DRAWN, METRICS, read_metrics, read_record
from lab.run.cost.fixed_cost import lineage
from lab.run.history.trained import id_of

if TYPE_CHECKING:
    from eval.report.trained_models import MetricValue, TrainingRun

SEED = re.compile(r"\.s\d+(?=\.|$)")
"""What a stage of one of several seeds has in its name."""
ROLLOUT = "rollout"
"""The tag in the ledger of what an online trainer drew for itself."""


def courses_of(folder: Path) -> tuple[TrainingRun, ...]:
    """The trainings behind an evaluate stage, of its own model and of those it scores with, oldest first."""
    return tuple(
        course_of(str(manifest.get("stage") or stage.name), stage, manifest)
        for stage in lineage(folder)
        if (manifest := manifest_of(stage) or {}).get("kind") == "train"
    )


def course_of(name: str, folder: Path, manifest: dict[str, Any]) -> TrainingRun:
    """A finished train stage as the report shows it."""
    from eval.report.trained_models import TrainingRun

    record, rows = read_record(folder), read_metrics(folder / METRICS)
    flops, drawn = _flops(folder)
    return TrainingRun(
        id=id_of(folder),
        name=name,
        series=SEED.sub("", name),
        trainer=str(manifest.get("config", {}).get("method", {}).get("kind", "")),
        examples=record.get("examples"),
        steps=record.get("steps"),
        tokens=record.get("trained_tokens"),
        seen=record.get("tokens"),
        flops=flops,
        generation_flops=drawn,
        seconds=record.get("seconds"),
        peak_memory=record.get("peak_memory"),
        loss=record.get("loss"),
        metrics={metric: tuple(moments) for metric, moments in _metrics(rows).items()},
    )


def _flops(folder: Path) -> tuple[float | None, float | None]:
    """(All FLOPs of a training, those of the completions it drew for itself), shared prefixes once."""
    import pyarrow.compute as pc

    if not (folder / ledger.FILE).is_file():
        return None, None
    table = ledger.read_ledger(folder / ledger.FILE, ["flops_shared", "tag"])
    drawn = table.filter(pc.equal(table["tag"], ROLLOUT))
    own = pc.sum(drawn["flops_shared"]).as_py() if drawn.num_rows else None
    return pc.sum(table["flops_shared"]).as_py(), own


def _metrics(rows: list[dict[str, Any]]) -> dict[str, list[MetricValue]]:
    from eval.report.trained_models import MetricValue

    found: dict[str, list[MetricValue]] = {}
    trained = 0
    for row in rows:
        trained += int(row.get("trained_tokens", 0))
        for name, value in _shown(row):
            found.setdefault(name, []).append(MetricValue(int(row["step"]), trained, value))
    return found


def _shown(row: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """The finite metrics of a line."""
    for name, value in row.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        counted = name in COUNTS or name.startswith(DRAWN)
        if number and not counted and math.isfinite(value):
            yield name, float(value)
