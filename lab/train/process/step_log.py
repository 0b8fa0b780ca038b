"""Writes metrics.jsonl, one line per step; marks checkpoints as complete; ends a diverged training.

Used only in the training process (it imports transformers).
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from lab.core.flops.model import FlopsModel
from lab.errors import StageError
from lab.system.files import canonical_json, write_atomic
from lab.train.base import TrainerBase
from lab.train.checkpoints import last_complete, mark_complete
from lab.train.counts import StepCount
from lab.train.process.stopping import StopAtTokens
from lab.train.spec import TrainingSpec


class StepLog(TrainerCallback):  # type: ignore[misc]
    """Writes a line per optimiser step and per evaluation of the held-out loss.

    `kept` are the lines with which a continued training begins. This callback must come before the callbacks
    that stop a training, because they read its counts.
    """

    def __init__(
        self, trainer: Any, spec: TrainingSpec, method: TrainerBase, path: Path, kept: list[dict[str, Any]]
    ) -> None:
        self._trainer, self._spec, self._method, self._path = trainer, spec, method, path
        self._flops = FlopsModel(**spec.flops)
        self._teacher = FlopsModel(**spec.teacher_flops) if spec.teacher_flops else None
        last = kept[-1] if kept else {"tokens": 0, "seconds": 0.0}
        self._begun = bool(kept)
        self._tokens, self._seconds, self._since = last["tokens"], last["seconds"], 0.0
        self._trained = sum(row["trained_tokens"] for row in kept)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Reports the number of steps. Counts from before the first step are a separate line, step 0."""
        self._since = time.monotonic()
        before, self._trainer.count = self._trainer.count, StepCount()
        if before.forwarded and not self._begun:
            self._seconds += before.seconds
            self._write(state, {"step": 0, **self._sums(before)})
        if state.is_world_process_zero:
            facts = {"steps": state.max_steps, "process": _pid()}
            write_atomic(self._spec.folder / "started.json", canonical_json(facts))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """No checkpoint after the last step, unless it may be the best one, because the model itself
        follows.
        """
        last = state.global_step >= state.max_steps
        if last and not self._method.keep_checkpoints and not args.load_best_model_at_end:
            control.should_save = False

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """Appends the line. Raises StageError if the loss or its gradient is not finite."""
        if "loss" in logs:
            self._step(state, control, logs)
        elif "eval_loss" in logs:
            self._write(state, {"step": state.global_step, **_numbers(logs), **self._count()})

    def _step(self, state: Any, control: Any, logs: dict[str, Any]) -> None:
        told = {name: float(logs[name]) for name in ("loss", "learning_rate")}
        norm = float(logs["grad_norm"]) if "grad_norm" in logs else None
        row = {"step": state.global_step, **_numbers(logs), **told, "grad_norm": norm, "epoch": state.epoch}
        row |= self._count()
        self._write(state, row)
        if not math.isfinite(row["loss"]) or not math.isfinite(norm or 0.0):
            raise StageError(DIVERGED.format(**row, steadier=self._method.steadier()))
        for callback in self._trainer.callback_handler.callbacks:
            if isinstance(callback, StopAtTokens):
                callback.spent = self._trained

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Marks the checkpoint as complete once every process has written its part; older ones are deleted
        after that.
        """
        self._trainer.accelerator.wait_for_everyone()
        if state.is_world_process_zero:
            mark_complete(self._spec.folder / f"checkpoint-{state.global_step}")
            last_complete(self._spec.folder)

    def _count(self) -> dict[str, Any]:
        """The counts since the last line, and the time."""
        count, self._trainer.count = self._trainer.count, StepCount()
        now = time.monotonic()
        self._seconds, self._since = self._seconds + now - self._since, now
        return self._sums(count)

    def _sums(self, count: StepCount) -> dict[str, Any]:
        """Tokens and seconds are totals since the first line; the other numbers are those of this line.

        `tokens` went forward and backward, `forwarded_tokens` only forward; `flops` are all of the line's.
        """
        self._tokens += sum(count.lengths)
        self._trained += count.trained
        drawn = self._drawn(count) if count.generated else {}
        taught = self._taught(count, self._teacher) if self._teacher else {}
        return {
            "tokens": self._tokens,
            "trained_tokens": count.trained,
            "forwarded_tokens": sum(count.forwarded),
            **drawn,
            **taught,
            "flops": self._method.flops_of(count, self._flops)
            + drawn.get("drawn_flops", 0.0)
            + taught.get("teacher_flops", 0.0),
            "seconds": round(self._seconds, 3),
        }

    def _drawn(self, count: StepCount) -> dict[str, Any]:
        """The samples of an online trainer, with each group's prompt processed for every sample or once."""
        shared, price = self._method.shared(count), self._flops.request
        return {
            "drawn": len(count.generated),
            "drawn_prompt_tokens": sum(prompt for prompt, _ in count.generated),
            "drawn_shared_tokens": sum(shared),
            "drawn_tokens": sum(tokens for _, tokens in count.generated),
            "drawn_flops": sum(price(prompt, 0, tokens) for prompt, tokens in count.generated),
            "drawn_flops_shared": sum(
                price(prompt, held, tokens)
                for (prompt, tokens), held in zip(count.generated, shared, strict=True)
            ),
            "drawn_seconds": round(count.drawing, 3),
        }

    def _taught(self, count: StepCount, teacher: FlopsModel) -> dict[str, Any]:
        """The teacher's forward passes, at its own size."""
        flops = float(sum(teacher.prefill(n, 0, logits=n) for n in count.taught))
        return {"teacher_tokens": sum(count.taught), "teacher_flops": flops}

    def _write(self, state: Any, row: dict[str, Any]) -> None:
        if state.is_world_process_zero:
            with self._path.open("a") as out:
                out.write(json.dumps(row) + "\n")


def _numbers(logs: dict[str, Any]) -> dict[str, float]:
    """The trainer's own metrics."""
    return {name: float(value) for name, value in logs.items() if isinstance(value, int | float)}


def _pid() -> int:
    import os

    return os.getpid()


DIVERGED = "training diverged at step {step} (loss {loss}, gradient norm {grad_norm}): {steadier}"
