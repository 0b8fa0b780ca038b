"""The finished model as a folder that transformers and vLLM load: bf16 safetensors and the tokenizer.

LoRA adapters are merged in fp32 first. The folder gets its name in one rename when it is whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lab.train.spec import Spec


def export(trainer: Any, spec: Spec) -> None:
    """Write out/model from the first process; the others wait."""
    if trainer.is_world_process_zero():
        final, hidden = Path(spec.out) / "model", Path(spec.out) / ".model.tmp"
        for leftover in (hidden, final):
            shutil.rmtree(leftover, ignore_errors=True)
        _save(trainer, hidden)
        hidden.rename(final)
    trainer.accelerator.wait_for_everyone()


def _save(trainer: Any, folder: Path) -> None:
    import torch

    model = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    model = model.to("cpu", torch.bfloat16)
    model.config.dtype, model.config.use_cache = torch.bfloat16, True
    model.save_pretrained(folder)
    trainer.processing_class.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
