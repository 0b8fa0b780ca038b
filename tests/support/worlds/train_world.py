"""A toy model, small corpora and a progress that can strike: shared by the tests of training."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from lab.core.flops.model import FlopsModel
from lab.core.protocols import Weights
from lab.models import flops_model, resolve
from lab.train import TrainInputs, TrainResult
from lab.train.base import TrainerBase

FLOPS = FlopsModel(linear=1000, head=100, attention=8, full=2)


def write_corpus(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """A generate stage's directory with these rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    schema = pa.schema([("problem_id", pa.string()), ("prompt", turns), ("completion", turns)])
    (folder / "data").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "data" / "train-00000.parquet")
    return folder


def sums(count: int) -> list[dict[str, Any]]:
    """Additions of different lengths with their answers."""
    return [
        {
            "problem_id": f"sum-{i}",
            "prompt": [{"role": "user", "content": f"{'Please, ' * (i % 3)}what is {i} + {i % 7}?"}],
            "completion": [{"role": "assistant", "content": f"It is {i + i % 7}."}],
        }
        for i in range(count)
    ]


class Striker:
    """A Progress that remembers, and once kills the training process after a given step."""

    def __init__(self, out: Path, *, at: int | None = None) -> None:
        self._out, self._at = out, at
        self.total, self.updates, self.stopped = 0, list[tuple[int, int]](), False

    def start(self, what: str, total: int) -> None:
        self.total = total

    def update(self, done: int, tokens: int) -> None:
        self.updates.append((done, tokens))
        if self._at is not None and done >= self._at:
            self._at = None
            facts = json.loads((self._out / "checkpoints" / "started.json").read_text())
            os.kill(facts["process"], signal.SIGKILL)

    def stop(self) -> None:
        self.stopped = True

    def note(self, text: str) -> None:
        pass


def train(
    method: TrainerBase, corpus: Path, out: Path, *, weights: Weights | None = None, **more: Any
) -> TrainResult:
    """Train the toy model (or `weights`) with seed 3."""
    model = weights or resolve("tiny")
    if "flops" not in more:
        more["flops"] = flops_model(model)
    return method.train(TrainInputs(model, corpus), out=out, seed=3, **more)
