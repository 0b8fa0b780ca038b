"""What the models of an evaluate stage were trained on, and their training curves, read from the run.

The stage's manifest names the train stage, whose manifest names its corpora. Each corpus has its audit.json,
each training its train.json and metrics.jsonl. A line of metrics.jsonl belongs to an optimiser step (it has
`loss`) or to an evaluation of the held-out examples (`eval_loss`); the lab's own columns are counts, all
others are the trainer's own metrics, passed on by name. The report gets plain data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.formats import ledger
from lab.formats.audit import read_audit
from lab.formats.manifest import manifest_of
from lab.formats.training import COUNTS, DRAWN, METRICS, read_metrics, read_record
from lab.run.folders.lineage import lineage, model_stage, origin_of
from lab.system.files import digest_of

if TYPE_CHECKING:
    from eval.report.trained_models import CorpusFacts, MetricValue, Training, TrainingRun

ROLLOUT = "rollout"
"""The tag in the ledger of the samples of an online trainer."""


def training_of(folder: Path) -> Training | None:
    """How an evaluate stage's own model was trained; None for a model that was not trained by a stage of the
    run.
    """
    from eval.report.trained_models import Training

    stage = model_stage(folder)
    if stage is None:
        return None
    made = manifest_of(stage) or {}
    record = read_record(stage)
    found = [(name, folder.parent / place) for name, place in made.get("inputs", {}).items()]
    corpora = tuple(corpus for name, place in found if (corpus := corpus_of(name, place)) is not None)
    behind = [f for f in lineage(stage) if (manifest_of(f) or {}).get("kind") == "generate"]
    return Training(
        corpora,
        record.get("examples"),
        record.get("trained_tokens"),
        _family(made),
        str(made.get("config", {}).get("method", {}).get("kind", "")),
        tuple(map(id_of, behind)),
    )


def id_of(folder: Path) -> str:
    """Identifies a stage's folder among those of other runs, independent of where the runs are stored."""
    return f"{folder.resolve().parent.name}/{folder.name}"


def corpus_of(name: str, folder: Path) -> CorpusFacts | None:
    """A finished generate stage as the report shows it; None for any other folder."""
    from eval.report.trained_models import CorpusFacts

    audit = read_audit(folder)
    if (manifest_of(folder) or {}).get("kind") != "generate" or not audit:
        return None
    per = audit["cost"]["per_kept_example"]["logical"]
    wrong = audit.get("false_accepts", {}).get("all", {})
    texts = audit.get("diversity", {}).get("kept_completions", {})
    tests = audit["contamination"]["tasks"]
    meaning = audit["contamination"].get("meaning", {}).get("tasks", {})
    return CorpusFacts(
        name=name,
        method=str(audit["method"]["kind"]),
        kept=audit["kept"],
        drawn=audit["drawn"],
        tokens=per["completion_tokens"],
        flops=per["flops_shared"],
        scored=wrong.get("scored", 0),
        wrong=wrong.get("rate"),
        wrong_low=wrong.get("low"),
        wrong_high=wrong.get("high"),
        paths=audit.get("paths", {}).get("mean"),
        distinct_2=texts.get("distinct_2"),
        distance=texts.get("mean_distance"),
        overlapping=_over(tests, "overlapping_examples"),
        texts=texts.get("texts"),
        touched=_over(tests, "overlapping_questions"),
        questions=_over(tests, "questions"),
        near=_over(meaning, "near_questions"),
        compared=_over(meaning, "questions_compared"),
        id=id_of(folder),
    )


def _over(tests: dict[str, dict[str, Any]], count: str) -> int | None:
    """A count summed over the test tasks; None if it was not measured."""
    counts = [found[count] for found in tests.values() if count in found]
    return sum(counts) if counts else None


def _family(manifest: dict[str, Any]) -> str:
    """What stays the same in trainings that differ only in the number of examples and the seed."""
    config = {k: v for k, v in manifest.get("config", {}).items() if k != "seed"}
    method = {k: v for k, v in config.get("method", {}).items() if k != "examples"}
    inputs = sorted(manifest.get("input_digests", {}).items())
    return digest_of({**config, "method": method, "inputs": inputs})[:12]


def training_runs(folder: Path) -> tuple[TrainingRun, ...]:
    """The trainings behind an evaluate stage, of its own model and of those that score, oldest first."""
    return tuple(
        training_run(str(manifest.get("stage") or stage.name), stage, manifest)
        for stage in lineage(folder)
        if (manifest := manifest_of(stage) or {}).get("kind") == "train"
    )


def training_run(name: str, folder: Path, manifest: dict[str, Any]) -> TrainingRun:
    """A finished train stage as the report shows it."""
    from eval.report.trained_models import TrainingRun

    record, rows = read_record(folder), read_metrics(folder / METRICS)
    flops, drawn = _flops(folder)
    return TrainingRun(
        id=id_of(folder),
        name=name,
        series=origin_of(folder, manifest).seedless,
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
    """(All FLOPs of a training, those of the completions that it generated itself), shared prefixes once."""
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
