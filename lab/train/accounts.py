"""What a training did and cost, read from its metrics: the result and the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.core.ledger import Ledger, Row
from lab.train.checkpoints import METRICS, read_metrics
from lab.train.result import TrainResult
from lab.train.spec import Spec


def result_of(spec: Spec) -> TrainResult:
    """Sums over the steps of a training that ended."""
    out, rows = Path(spec.out), read_metrics(Path(spec.out) / METRICS)
    finished = json.loads((spec.folder / "finished.json").read_text())
    last = rows[-1]
    return TrainResult(
        model=out / "model",
        steps=int(last["step"]),
        examples=int(finished["examples"]),
        dropped=int(finished["dropped"]),
        tokens=int(last["tokens"]),
        trained_tokens=sum(int(row["trained_tokens"]) for row in rows),
        flops=sum(float(row["flops"]) for row in rows),
        loss=float(last["loss"]),
        seconds=float(last["seconds"]),
        peak_memory=int(finished["peak_memory"]),
    )


def write_ledger(out: Path, model: str) -> None:
    """One row per optimiser step, role "train", tag "sft", `index` the step.

    `completion_tokens` bore loss, `prompt_tokens` are the rest of the step's real tokens; `seconds` is
    the step's wall time. Run and stage are read from the stage directory's name. Nothing is shared or
    cached in training, so the three FLOPs columns are equal.
    """
    stage = out.resolve().name.rpartition("-")[0] or out.resolve().name
    with Ledger(out / "ledger.parquet", run=out.resolve().parent.name, stage=stage, model=model) as ledger:
        before: dict[str, Any] = {"tokens": 0, "seconds": 0.0}
        for row in read_metrics(out / METRICS):
            ledger.extend([_row(row, before, model)])
            before = row


def _row(row: dict[str, Any], before: dict[str, Any], model: str) -> Row:
    tokens, flops = row["tokens"] - before["tokens"], float(row["flops"])
    return Row(
        model=model,
        problem=f"step-{row['step']}",
        strategy="sft",
        role="train",
        tag="sft",
        index=int(row["step"]),
        prompt_tokens=tokens - row["trained_tokens"],
        shared_tokens=0,
        cached_tokens=0,
        completion_tokens=row["trained_tokens"],
        flops_logical=flops,
        flops_shared=flops,
        flops_engine=flops,
        seconds=row["seconds"] - before["seconds"],
        served_from="engine",
        finish_reason="stop",
    )
