"""Starts the training process, follows it, and turns what it left into a result.

The process is started through accelerate, so that one process on a laptop and sixteen on a cluster are
the same code. It writes metrics.jsonl as it goes (followed here for progress), and its one message of a
failure into failure.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core.errors import InputError, StageError
from lab.core.files import write_atomic
from lab.core.flops import FlopsModel
from lab.core.ledger import Ledger, Row
from lab.core.machine import detect
from lab.core.process import end_with_parent
from lab.core.progress import Progress
from lab.core.protocols import Weights

METRICS, FAILURE, DONE, SPEC, LOG = "metrics.jsonl", "failure.json", "trained.json", "train.json", "train.log"
_POLL = 0.5


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training led to: tokens trained on (each time they are seen), FLOPs, seconds, bytes."""

    model: Path
    steps: int
    tokens: int
    flops: float
    loss: float
    seconds: float
    peak_memory: int


def launch(
    *,
    kind: str,
    settings: Mapping[str, Any],
    corpus: Path,
    weights: Weights,
    out: Path,
    seed: int,
    flops: FlopsModel,
    accelerate_config: str | None,
    progress: Progress,
) -> TrainResult:
    """Train in a process of its own unless that is done; see the trainer for what is raised."""
    shards = sorted((corpus / "data").glob("train-*.parquet"))
    if not shards:
        raise InputError("no data/train-*.parquet in this folder", where=str(corpus))
    examples = _count(shards)
    if not examples:
        raise InputError("the corpus is empty: loosen its filters or draw more samples", where=str(corpus))
    if not (out / DONE).exists():
        spec = {
            "settings": dict(settings),
            "shards": [str(s) for s in shards],
            "weights": str(weights.path),
            "out": str(out),
            "seed": seed,
        }
        write_atomic(out / SPEC, json.dumps(spec, indent=1))
        _run(kind, out, accelerate_config, progress)
    return _result(out, weights, flops)


def _run(kind: str, out: Path, accelerate_config: str | None, progress: Progress) -> None:
    (out / FAILURE).unlink(missing_ok=True)
    command = [sys.executable, "-m", "accelerate.commands.launch", *_where(accelerate_config)]
    command += ["-m", "lab.train.worker", kind, str(out / SPEC)]
    with (out / LOG).open("a") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=_environment(), preexec_fn=end_with_parent
        )
        try:
            _follow(process, out, progress)
        finally:
            process.kill()
            process.wait()
            progress.stop()
    if process.returncode or not (out / DONE).exists():
        raise _failure(out, process.returncode)


def _where(accelerate_config: str | None) -> list[str]:
    if accelerate_config:
        return ["--config_file", accelerate_config]
    single = [
        "--num_processes",
        "1",
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    ]
    return single if detect().gpus else [*single, "--cpu"]


def _environment() -> dict[str, str]:
    cores = str(detect().physical_cores)
    quiet = {
        "TOKENIZERS_PARALLELISM": "false",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
        "WANDB_MODE": "offline",
    }
    return {"OMP_NUM_THREADS": cores, "MKL_NUM_THREADS": cores, **quiet, **os.environ}


def _follow(process: subprocess.Popen[bytes], out: Path, progress: Progress) -> None:
    """Show progress from the metrics until the process ends."""
    started = False
    while process.poll() is None:
        time.sleep(_POLL)
        rows = list(read_metrics(out))
        if rows and not started:
            progress.start("steps", int(rows[-1]["steps"]))
            started = True
        if rows:
            progress.update(int(rows[-1]["step"]), sum(int(row["tokens"]) for row in rows))


def _failure(out: Path, code: int) -> Exception:
    try:
        failure = json.loads((out / FAILURE).read_text())
    except (OSError, ValueError):
        lines = (out / LOG).read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "no output"
        return StageError(f"training ended with code {code}: {last} (see {out / LOG})")
    kind = InputError if failure["kind"] == "input" else StageError
    return kind(failure["message"])


def _result(out: Path, weights: Weights, flops: FlopsModel) -> TrainResult:
    rows = list(read_metrics(out))
    done = json.loads((out / DONE).read_text())
    cost = [flops.train(row["lengths"]) for row in rows]
    run = out.parent.name
    with Ledger(
        out / "ledger.parquet", run=run, stage=out.name.rsplit("-", 1)[0], model=weights.name
    ) as ledger:
        ledger.extend([_row(row, each) for row, each in zip(rows, cost, strict=True)])
    return TrainResult(
        model=out / "model",
        steps=len(rows),
        tokens=sum(row["tokens"] for row in rows),
        flops=sum(cost),
        loss=rows[-1]["loss"] if rows else float("nan"),
        seconds=sum(row["seconds"] for row in rows),
        peak_memory=done["peak_memory"],
    )


def _row(row: Mapping[str, Any], flops: float) -> Row:
    """One optimiser step in the ledger; nothing is cached in training, so all levels are equal."""
    tokens, trained = int(row["tokens"]), int(row["completion_tokens"])
    counts = (tokens - trained, 0, 0, trained)
    return Row(
        "",
        "sft",
        "train",
        "sft",
        int(row["step"]),
        *counts,
        flops,
        flops,
        flops,
        row["seconds"],
        "engine",
        "stop",
    )


def read_metrics(out: Path) -> Iterator[dict[str, Any]]:
    """The complete lines of metrics.jsonl, in order."""
    path = out / METRICS
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _count(shards: list[Path]) -> int:
    import pyarrow.parquet as pq

    return sum(int(pq.ParquetFile(shard).metadata.num_rows) for shard in shards)
