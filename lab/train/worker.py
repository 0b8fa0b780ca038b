"""The training process: `python -m lab.train.worker sft SPEC.json`, started by accelerate.

Writes metrics.jsonl (one line per optimiser step, each step once even after a resume), checkpoints, and
at the end `model/` by rename, then trained.json. A failure a person can mend becomes failure.json.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

from lab.core.errors import InputError, LabError, StageError
from lab.core.files import write_atomic
from lab.core.process import end_with_parent
from lab.train.checkpoints import last_checkpoint, trim_metrics
from lab.train.launch import DONE, FAILURE


def main() -> int:
    """Train as the spec says; 0 done, 1 failed."""
    end_with_parent()
    spec = json.loads(Path(sys.argv[2]).read_text())
    out = Path(spec["out"])
    try:
        train_sft(spec, out)
    except BaseException as error:
        traceback.print_exc()
        failure = explain(error, spec)
        if failure:
            write_atomic(out / FAILURE, json.dumps(failure))
        return 1
    return 0


def explain(error: BaseException, spec: dict[str, Any]) -> dict[str, str] | None:
    """Kind and message of a failure that a person can do something about."""
    text = str(error)
    if isinstance(error, LabError):
        return {"kind": "input" if isinstance(error, InputError) else "stage", "message": text}
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate" in text.lower():
        size = spec["settings"]["batch_size"]
        return {
            "kind": "stage",
            "message": f"out of memory: lower batch_size (now {size}), or max_length, or use lora",
        }
    if isinstance(error, TypeError | ValueError):
        return {"kind": "stage", "message": f"{text} (the trainer refused its settings; see `args`)"}
    return None


def train_sft(spec: dict[str, Any], out: Path) -> None:
    """Load, train from the last complete checkpoint on, save."""
    import torch
    from transformers import AutoTokenizer

    from lab.train.trainer import make_trainer

    torch.manual_seed(spec["seed"])
    tokenizer = AutoTokenizer.from_pretrained(spec["weights"])
    checkpoint = last_checkpoint(out / "checkpoints")
    trim_metrics(out, checkpoint)
    trainer = make_trainer(spec, tokenizer, out)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if not trainer.is_world_process_zero():
        return
    save(trainer, tokenizer, Path(spec["weights"]), out / "model")
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    write_atomic(out / DONE, json.dumps({"steps": trainer.state.global_step, "peak_memory": usage}))


def save(trainer: Any, tokenizer: Any, origin: Path, folder: Path) -> None:
    """The model as bf16 safetensors with its tokenizer; adapters merged; appears whole or not at all."""
    import torch

    model = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    unfinished = folder.with_name(".model.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    if (origin / "generation_config.json").exists():
        shutil.copy(origin / "generation_config.json", unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def check_loss(loss: float, step: int, rate: float) -> None:
    """Raise StageError when the loss is no longer a number."""
    if loss != loss or loss in (float("inf"), float("-inf")):
        raise StageError(f"the loss is {loss} at step {step}: lower learning_rate (now {rate:g})")


if __name__ == "__main__":
    sys.exit(main())
