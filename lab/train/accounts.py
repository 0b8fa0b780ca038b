"""The result and the ledger of a training, computed from its metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.core.ledger import LedgerRow
from lab.formats.ledger import FILE, LedgerWriter
from lab.formats.training import METRICS, read_metrics
from lab.train.result import TrainResult
from lab.train.spec import TrainingSpec


def result_of(spec: TrainingSpec) -> TrainResult:
    """Sums over the lines of a finished training."""
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


def write_ledger(spec: TrainingSpec, model: str) -> None:
    """One row per line of metrics.jsonl: role "train", tag the trainer's kind, `index` the step.

    `problem` is step-N for an optimiser step, dev-N for an evaluation of the held-out loss after step N, and
    step-0 for what was computed before the first step. `completion_tokens` are the tokens in the loss,
    `prompt_tokens` all other real tokens of the line; `seconds` is wall time. Run and stage are read from the
    stage directory's name. Training shares and caches nothing, so the three FLOPs columns are equal. The
    samples of an online trainer are a separate row before that, with the tag "rollout": the prompts of all
    its sequences and the generated tokens. Its `flops_shared` processes the prompt of a group once, as for
    all samples. The forward passes of a teacher are also a row, with the tag "teacher", at the teacher's
    size.
    """
    out, kind = Path(spec.out), str(spec.method["kind"])
    stage = out.name.rpartition("-")[0] or out.name
    with LedgerWriter(out / FILE, run=out.parent.name, stage=stage, model=model) as ledger:
        before: dict[str, Any] = {"tokens": 0, "seconds": 0.0}
        for row in read_metrics(out / METRICS):
            more = [*_drawn(row, model, kind), *_taught(row, kind)]
            ledger.extend([*more, _trained(row, before, model, kind)])
            before = row


def _trained(row: dict[str, Any], before: dict[str, Any], model: str, kind: str) -> LedgerRow:
    flops = float(row["flops"]) - float(row.get("drawn_flops", 0.0)) - float(row.get("teacher_flops", 0.0))
    tokens = row["tokens"] - before["tokens"] + row["forwarded_tokens"]
    seconds = row["seconds"] - before["seconds"] - row.get("drawn_seconds", 0.0)
    counts = tokens - row["trained_tokens"], row["trained_tokens"]
    return _row(row, model, kind, kind, counts, (flops, flops), seconds)


def _drawn(row: dict[str, Any], model: str, kind: str) -> Iterator[LedgerRow]:
    if "drawn" in row:
        counts = row["drawn_prompt_tokens"], row["drawn_tokens"]
        flops = row["drawn_flops"], row["drawn_flops_shared"]
        drawn = _row(row, model, kind, "rollout", counts, flops, row["drawn_seconds"])
        yield replace(drawn, shared_tokens=row["drawn_shared_tokens"])


def _taught(row: dict[str, Any], kind: str) -> Iterator[LedgerRow]:
    """The time is in the row of the training step, because student and teacher run in one pass."""
    if row.get("teacher_tokens"):
        flops = row["teacher_flops"]
        yield _row(row, "teacher", kind, "teacher", (row["teacher_tokens"], 0), (flops, flops), 0.0)


def _row(
    row: dict[str, Any],
    model: str,
    kind: str,
    tag: str,
    tokens: tuple[int, int],
    flops: tuple[float, float],
    seconds: float,
) -> LedgerRow:
    """`tokens`: (prompt, completion); `flops`: (logical, shared)."""
    return LedgerRow(
        model=model,
        problem=f"{'dev' if 'eval_loss' in row else 'step'}-{row['step']}",
        strategy=kind,
        role="train",
        tag=tag,
        index=int(row["step"]),
        prompt_tokens=tokens[0],
        shared_tokens=0,
        cached_tokens=0,
        completion_tokens=tokens[1],
        flops_logical=flops[0],
        flops_shared=flops[1],
        flops_engine=flops[0],
        seconds=seconds,
        served_from="engine",
        finish_reason="stop",
    )
