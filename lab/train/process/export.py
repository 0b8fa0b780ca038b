"""Exports the finished model as a folder for transformers and vLLM: bf16 safetensors and the tokenizer.

LoRA adapters are merged in fp32 first. Weights are rounded to bf16 stochastically: in a training of a few
steps most weights change by less than half the distance between bf16 numbers, and rounding to nearest would
undo these changes; stochastic rounding preserves them on average. (SmolLM2 after 10 steps, loss on other
examples: 0.53 in fp32, 0.53 rounded stochastically, 1.24 rounded to nearest.) The folder gets its name in one
rename.

If the weights are sharded over processes (FSDP, DeepSpeed ZeRO-3), transformers gathers and saves them with
all processes, and the first process reads them to merge and round.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lab.core.seeds import derive_seed
from lab.models.saving import save_tokenizer
from lab.train.base import Makes
from lab.train.spec import TrainingSpec


def export(trainer: Any, spec: TrainingSpec, makes: Makes) -> None:
    """Writes out/model from the first process; the others wait. A scoring model stays in fp32."""
    final, hidden, raw = (Path(spec.out) / name for name in ("model", ".model.tmp", ".model.raw"))
    if trainer.is_world_process_zero():
        for leftover in (hidden, final, raw):
            shutil.rmtree(leftover, ignore_errors=True)
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        trainer.save_model(str(raw))
    if trainer.is_world_process_zero():
        whole = trainer.accelerator.unwrap_model(trainer.model)
        model = gathered(raw, spec, makes) if raw.exists() else whole
        _save(model, trainer.processing_class, hidden, makes, spec)
        hidden.rename(final)
        shutil.rmtree(raw, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()


def gathered(folder: Path, spec: TrainingSpec, makes: Makes) -> Any:
    """The model that transformers saved into `folder`, in fp32; adapters are loaded on top of their base
    model.
    """
    import transformers

    name, heads = _LOADERS[makes]
    auto: Any = getattr(transformers, name)
    if not (folder / "adapter_config.json").exists():
        return auto.from_pretrained(folder, dtype="float32")
    from peft import PeftModel

    return PeftModel.from_pretrained(auto.from_pretrained(spec.model, dtype="float32", **heads), str(folder))


_LOADERS: dict[Makes, tuple[str, dict[str, int]]] = {
    "policy": ("AutoModelForCausalLM", {}),
    "reward": ("AutoModelForSequenceClassification", {"num_labels": 1}),
    "process_reward": ("AutoModelForTokenClassification", {"num_labels": 2}),
}


def _save(model: Any, tokenizer: Any, folder: Path, makes: Makes, spec: TrainingSpec) -> None:
    """Saves the model: adapters merged, a policy rounded to bf16."""
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    model = model.cpu()
    if makes == "policy":
        model = _rounded(model, derive_seed(spec.seed, "rounding"))
    model.save_pretrained(folder)
    save_tokenizer(tokenizer, folder)
    for path in folder.iterdir():
        path.chmod(0o644)


def _rounded(model: Any, seed: int) -> Any:
    """A policy in bf16, ready to generate."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data = to_bf16(parameter.data, generator)
    model = model.to(torch.bfloat16)
    model.config.dtype, model.config.use_cache = torch.bfloat16, True
    return model


def to_bf16(weights: Any, generator: Any) -> Any:
    """A float tensor rounded to bf16, up or down with a probability that makes the mean exact.

    bf16 is the upper half of fp32: adding 16 random bits below it and cutting them off rounds up with
    probability (distance to the lower neighbour) / (distance between neighbours). Values that bf16 can
    represent stay the same.
    """
    import torch

    bits = weights.float().contiguous().view(torch.int32)
    noise = torch.randint(0, 1 << 16, bits.shape, generator=generator, dtype=torch.int32)
    return ((bits + noise) & -(1 << 16)).view(torch.float32).to(torch.bfloat16)
