"""metrics.jsonl, one line a step as it happens; the marker of each checkpoint; the end of a bad training.

Imported by the training process only (it imports transformers).
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from lab.core.errors import StageError
from lab.core.files import canonical_json, write_atomic
from lab.core.flops import FlopsModel
from lab.train.checkpoints import mark_complete
from lab.train.lean import StepCount
from lab.train.spec import Spec


class StepLog(TrainerCallback):  # type: ignore[misc]
    """Writes a line per optimiser step; `kept` are the lines a continued training begins with."""

    def __init__(self, trainer: Any, spec: Spec, path: Path, kept: list[dict[str, Any]]) -> None:
        self._trainer, self._spec, self._path = trainer, spec, path
        self._flops = FlopsModel(**spec.flops)
        last = kept[-1] if kept else {"tokens": 0, "seconds": 0.0}
        self._tokens, self._seconds, self._since = last["tokens"], last["seconds"], 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say how many steps there are."""
        self._since = time.monotonic()
        self._trainer.count = StepCount()
        if state.is_world_process_zero:
            facts = {"steps": state.max_steps, "process": _pid()}
            write_atomic(self._spec.folder / "started.json", canonical_json(facts))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """No checkpoint after the last step: the model itself follows."""
        if state.global_step >= state.max_steps and not self._spec.method["keep_checkpoints"]:
            control.should_save = False

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """Append the step's line. Raises StageError when the loss or its gradient is not finite."""
        if "loss" not in logs:
            return
        row = self._row(state, logs)
        if state.is_world_process_zero:
            with self._path.open("a") as out:
                out.write(json.dumps(row) + "\n")
        if not math.isfinite(row["loss"]) or not math.isfinite(row["grad_norm"] or 0.0):
            raise StageError(DIVERGED.format(**row, rate=self._spec.method["learning_rate"]))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark the checkpoint whole, once every process has written its part."""
        self._trainer.accelerator.wait_for_everyone()
        if state.is_world_process_zero:
            mark_complete(self._spec.folder / f"checkpoint-{state.global_step}")

    def _row(self, state: Any, logs: dict[str, Any]) -> dict[str, Any]:
        """Tokens and seconds are sums from the first step on; FLOPs and trained tokens are this step's."""
        count, self._trainer.count = self._trainer.count, StepCount()
        self._tokens += sum(count.lengths)
        now = time.monotonic()
        self._seconds, self._since = self._seconds + now - self._since, now
        return {
            "step": state.global_step,
            "loss": float(logs["loss"]),
            "learning_rate": float(logs["learning_rate"]),
            "grad_norm": float(logs["grad_norm"]) if "grad_norm" in logs else None,
            "epoch": state.epoch,
            "tokens": self._tokens,
            "trained_tokens": count.trained,
            "flops": self._flops.train(count.lengths),
            "seconds": round(self._seconds, 3),
        }


def _pid() -> int:
    import os

    return os.getpid()


DIVERGED = (
    "training diverged at step {step} (loss {loss}, gradient norm {grad_norm}): lower learning_rate "
    "(now {rate:g}) or raise warmup"
)
