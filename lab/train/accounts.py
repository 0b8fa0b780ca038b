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
    """Sums over the lines of a training that ended."""
    out, rows = Path(spec.out), read_metrics(Path(spec.out) / METRICS)
    finished = json.loads((spec.folder / "finished.json").read_text())
    last = [row for row in rows if "loss" in row][-1]
    return TrainResult(
        model=out / "model",
        steps=int(last["step"]),
        examples=int(finished["examples"]),
        dropped=int(finished["dropped"]),
        tokens=int(rows[-1]["tokens"]),
        trained_tokens=sum(int(row["trained_tokens"]) for row in rows),
        flops=sum(float(row["flops"]) for row in rows),
        loss=float(last["loss"]),
        seconds=float(rows[-1]["seconds"]),
        peak_memory=int(finished["peak_memory"]),
    )


def write_ledger(spec: Spec, model: str) -> None:
    """One row per line of metrics.jsonl: role "train", tag the trainer's kind, `index` the step.

    `problem` is step-N for an optimiser step, dev-N for a look at the held-out loss after step N, and step-0
    for what was computed before the first. `completion_tokens` bore loss, `prompt_tokens` are the rest of the
    line's real tokens; `seconds` is wall time. Run and stage are read from the stage directory's name.
    Nothing is shared or cached in training, so the three FLOPs columns are equal.
    """
    out, kind = Path(spec.out), str(spec.method["kind"])
    stage = out.name.rpartition("-")[0] or out.name
    with Ledger(out / "ledger.parquet", run=out.parent.name, stage=stage, model=model) as ledger:
        before: dict[str, Any] = {"tokens": 0, "seconds": 0.0}
        for row in read_metrics(out / METRICS):
            ledger.extend([_row(row, before, model, kind)])
            before = row


def _row(row: dict[str, Any], before: dict[str, Any], model: str, kind: str) -> Row:
    flops = float(row["flops"])
    tokens = row["tokens"] - before["tokens"] + row["forwarded_tokens"]
    return Row(
        model=model,
        problem=f"{'dev' if 'eval_loss' in row else 'step'}-{row['step']}",
        strategy=kind,
        role="train",
        tag=kind,
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
