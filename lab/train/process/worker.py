"""The training process: `python -m lab.train.process.worker SPEC`, started through accelerate by `launch`.

Builds TRL's trainer from the specification, continues from the last complete checkpoint, and gives the
finished model its name in one rename. A failure is written to a file as one message for the user.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from lab.errors import InputError, StageError
from lab.formats.training import METRICS
from lab.system.files import canonical_json, write_atomic
from lab.system.process import peak_memory
from lab.train.base import TrainerBase
from lab.train.checkpoints import cut_metrics, last_complete
from lab.train.spec import TrainingSpec


def main(path: str) -> int:
    """Trains as specified. Returns 0 when the model is written."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    spec = TrainingSpec.load(Path(path))
    try:
        _train(spec)
    except BaseException as error:
        traceback.print_exc()
        kind, message = explain(error, spec)
        if not (spec.folder / "failure.json").exists():
            write_atomic(spec.folder / "failure.json", canonical_json({"kind": kind, "message": message}))
        return 1
    return 0


def explain(error: BaseException, spec: TrainingSpec) -> tuple[str, str]:
    """The kind of the error (input or stage) and the message for the user."""
    text = " ".join(str(error).split())
    if isinstance(error, InputError):
        return "input", str(error)
    if isinstance(error, StageError):
        return "stage", str(error)
    if isinstance(error, MemoryError) or any(sign in text for sign in _NO_MEMORY):
        return "stage", f"out of memory: {method_of(spec).lighter()}"
    if any(sign in text for sign in _NO_SPACE):
        return "stage", (
            f"no space left on the disk of {spec.out}. Free some space, then run the same command again"
        )
    return "stage", f"training failed: {type(error).__name__}: {text[:500]}"


def _train(spec: TrainingSpec) -> None:
    from lab.train.process.build import build
    from lab.train.process.export import export
    from lab.train.process.step_log import StepLog

    method = method_of(spec)
    trainer, rows = build(spec, method)
    examples = examples_of(trainer.train_dataset)
    if not examples:
        raise InputError(method.no_examples())
    checkpoint = last_complete(spec.folder) if trainer.is_world_process_zero() else None
    checkpoint = _agreed(trainer, checkpoint)
    metrics = Path(spec.out) / METRICS
    kept = cut_metrics(metrics, checkpoint) if trainer.is_world_process_zero() else []
    trainer.add_callback(StepLog(trainer, spec, method, metrics, kept))
    method.tune(trainer)
    if checkpoint:
        print(f"continuing from {checkpoint.name}", flush=True)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    export(trainer, spec, method.makes)
    if trainer.is_world_process_zero():
        facts = {"examples": examples, "dropped": rows - examples, "peak_memory": peak_memory()}
        write_atomic(spec.folder / "finished.json", canonical_json(facts))


def method_of(spec: TrainingSpec) -> TrainerBase:
    """The trainer component, rebuilt from its fields."""
    from pydantic import TypeAdapter

    from lab.train import Trainer

    method: TrainerBase = TypeAdapter(Trainer).validate_python(spec.method)
    return method


def examples_of(dataset: Any) -> int:
    """The number of examples in a prepared dataset; a packed row has several."""
    if "seq_lengths" not in dataset.column_names:
        return len(dataset)
    return sum(len(lengths) for lengths in dataset["seq_lengths"])


def _agreed(trainer: Any, checkpoint: Path | None) -> Path | None:
    """The first process's choice, in every process."""
    if trainer.accelerator.num_processes == 1:
        return checkpoint
    from accelerate.utils import broadcast_object_list

    shared: list[Any] = [checkpoint]
    broadcast_object_list(shared)
    return Path(shared[0]) if shared[0] else None


def _end_with_parent() -> None:
    """Ends this process when standard input, a pipe from the parent process, closes."""
    while os.read(0, 1024):
        pass
    os._exit(3)


_NO_MEMORY = ("can't allocate memory", "out of memory", "not enough memory", "std::bad_alloc")

_NO_SPACE = ("No space left on device", "PytorchStreamWriter failed", "Disk quota exceeded")

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
