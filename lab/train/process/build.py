"""Builds TRL's trainer from the specification, with settings for this machine."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from lab.errors import InputError
from lab.system.machine import detect
from lab.train.base import TrainerBase
from lab.train.config_fields import field_names
from lab.train.process.patches import bound_templates
from lab.train.spec import TrainingSpec


def build(spec: TrainingSpec, method: TrainerBase) -> tuple[Any, int]:
    """The trainer, and its number of rows. Raises InputError for values that TRL refuses."""
    import torch
    from datasets import disable_progress_bars
    from transformers import AutoTokenizer

    disable_progress_bars()
    bound_templates()
    method.patch()
    config = _config(spec, method)
    _use_all_cores(config.world_size)
    tokenizer = AutoTokenizer.from_pretrained(spec.model)
    rows, held_out = method.dataset(spec, tokenizer)
    trainer = method.trainer_class()(
        method=method,
        model=spec.model,
        args=config,
        train_dataset=rows,
        eval_dataset=held_out,
        processing_class=tokenizer,
        peft_config=_lora(spec, method),
        **method.extras(spec, tokenizer),
    )
    if method.lora is not None:
        keep_dropout(trainer.model, method.lora.dropout)
    _check_processes(spec, trainer.accelerator.num_processes)
    assert all(p.dtype == torch.float32 for p in trainer.model.parameters() if p.requires_grad)
    return trainer, len(rows)


def _check_processes(spec: TrainingSpec, running: int) -> None:
    """Raises InputError if accelerate did not start as many processes as its file asks for."""
    path = spec.method["accelerate_config"]
    if not path:
        return
    import yaml

    wanted = (yaml.safe_load(Path(path).expanduser().read_text()) or {}).get("num_processes", running)
    if int(wanted) != running:
        message = f"{path} asks for {wanted} processes, but accelerate started {running}"
        raise InputError(f"{message} (on CPUs it needs mpirun, or distributed_type MULTI_GPU)")


def _config(spec: TrainingSpec, method: TrainerBase) -> Any:
    """The trainer's configuration: the lab's defaults, then `args`, then what the lab always sets."""
    module, _, name = method.config.rpartition(".")
    args = dict(method.args)
    loading = {"dtype": "float32", **(args.pop("model_init_kwargs", None) or {})}
    if "model_init_kwargs" in field_names(method.config):
        args["model_init_kwargs"] = loading
    try:
        return getattr(import_module(module), name)(**{**_defaults(), **args, **_fixed(spec, method)})
    except (ValueError, TypeError) as error:
        raise InputError(f"{method.config} rejects these settings: {error}", where="args") from None


def _defaults() -> dict[str, Any]:
    """Values that `args` may change.

    A GPU computes in bf16 if it supports bf16, else in fp32. Without a GPU the arithmetic is fp32, because a
    bf16 product rounds the weights first and ignores updates smaller than half a bf16 step. SmolLM2 after 10
    steps of 16 examples at 5e-5, loss on 48 other examples after export: 0.53 (328 tokens/s), and 0.84 with
    `args: {bf16: true}` (472 tokens/s).
    """
    import torch

    gpu = torch.cuda.is_available()
    return {
        "bf16": gpu and torch.cuda.is_bf16_supported(including_emulation=False),
        "use_cpu": not gpu,
        "dataloader_pin_memory": gpu,
        "gradient_checkpointing": False,
        "disable_tqdm": True,
    }


def _fixed(spec: TrainingSpec, method: TrainerBase) -> dict[str, Any]:
    """Values that follow from the recipe or that the lab requires."""
    return {
        "output_dir": str(spec.folder),
        "seed": spec.seed % 2**32,
        "data_seed": spec.seed % 2**32,
        "report_to": list(method.report_to) or "none",
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_total_limit": None,  # a new one is marked complete before an old one is deleted: see `on_save`
        **method.settings(),
    }


def _lora(spec: TrainingSpec, method: TrainerBase) -> Any:
    """The adapter's configuration, or None for full fine-tuning."""
    lora = method.lora
    if lora is None:
        return None
    from peft import LoraConfig

    targets = lora.target_modules
    return LoraConfig(
        task_type=_TASKS[method.makes],
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        exclude_modules=["score", "classifier"] if method.makes == "process_reward" else None,
    )


def keep_dropout(model: Any, share: float) -> None:
    """Sets the dropout of the adapters again: several TRL trainers disable all dropout in a model."""
    import torch

    for name, module in model.named_modules():
        if "lora_dropout" in name and isinstance(module, torch.nn.Dropout):
            module.p = share


def _use_all_cores(processes: int) -> None:
    """Divides the cores among the processes (a launcher would give each process one thread)."""
    import torch

    torch.set_num_threads(max(1, detect().physical_cores // max(1, processes)))


_TASKS = {"policy": "CAUSAL_LM", "reward": "SEQ_CLS", "process_reward": "TOKEN_CLS"}
"""peft's name for each kind of model. A new head is trained completely, in addition to the adapters."""
