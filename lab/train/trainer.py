"""TRL's SFTTrainer with the lab's settings, counting what it trains on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from lab.train.launch import METRICS
from lab.train.worker import check_loss


def make_trainer(spec: dict[str, Any], tokenizer: Any, out: Path) -> Any:
    """An SFTTrainer over the spec's shards that appends to metrics.jsonl."""
    import torch
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM
    from trl import SFTTrainer

    class CountingTrainer(SFTTrainer):  # type: ignore[misc]
        """Notes the length of every sequence it is given to train on."""

        lengths: list[int] = []
        trained: int = 0

        def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **more: Any) -> Any:
            self.lengths += sequence_lengths(inputs)
            self.trained += int((inputs["labels"] != -100).sum())
            return super().training_step(model, inputs, *args, **more)

    data = load_dataset("parquet", data_files=spec["shards"], split="train")
    data = data.select_columns(["prompt", "completion"])
    model = AutoModelForCausalLM.from_pretrained(spec["weights"], dtype=torch.float32)
    trainer = CountingTrainer(
        model=model,
        args=sft_config(spec, out),
        train_dataset=data,
        processing_class=tokenizer,
        peft_config=lora_config(spec["settings"]["lora"]),
    )
    trainer.add_callback(metrics_writer(trainer, out / METRICS))
    return trainer


def sft_config(spec: dict[str, Any], out: Path) -> Any:
    """The SFTConfig: the method's settings, then its `args`."""
    import torch
    from trl import SFTConfig

    settings, on_cpu = spec["settings"], not torch.cuda.is_available()
    own = {
        "output_dir": str(out / "checkpoints"),
        "seed": spec["seed"],
        "num_train_epochs": settings["epochs"],
        "learning_rate": settings["learning_rate"],
        "per_device_train_batch_size": settings["batch_size"],
        "gradient_accumulation_steps": settings["accumulate"],
        "max_length": settings["max_length"],
        "lr_scheduler_type": settings["schedule"],
        "warmup_steps": settings["warmup"],
        "save_strategy": "steps",
        "save_steps": settings["save_steps"],
        "use_cpu": on_cpu,
    }
    defaults = {
        "bf16": not on_cpu or _cpu_has_bf16(),
        "completion_only_loss": True,
        "dataloader_pin_memory": not on_cpu,
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "optim": "adamw_torch_fused",
        "report_to": "none",
        "disable_tqdm": True,
        "save_total_limit": 2,
    }
    return SFTConfig(**{**defaults, **settings["args"], **own})


def lora_config(settings: dict[str, Any] | None) -> Any:
    """A peft LoraConfig, or None for full fine-tuning."""
    if settings is None:
        return None
    from peft import LoraConfig

    modules = settings["target_modules"]
    return LoraConfig(
        r=settings["r"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules=modules if isinstance(modules, str) else list(modules),
        task_type="CAUSAL_LM",
    )


def sequence_lengths(inputs: dict[str, Any]) -> list[int]:
    """Real tokens of every sequence in a batch, padded or laid end to end (positions then restart at 0)."""
    if (mask := inputs.get("attention_mask")) is not None:
        return [int(n) for n in mask.sum(dim=1)]
    if (positions := inputs.get("position_ids")) is None:
        return [int(inputs["input_ids"].shape[1])] * int(inputs["input_ids"].shape[0])
    starts = (positions.flatten() == 0).nonzero().flatten().tolist()
    return [end - start for start, end in zip(starts, [*starts[1:], positions.numel()], strict=True)]


def metrics_writer(trainer: Any, path: Path) -> Any:
    """A callback that appends one line per optimiser step and stops a diverging run."""
    from transformers import TrainerCallback

    class Writer(TrainerCallback):  # type: ignore[misc]
        """See `metrics_writer`."""

        began = time.monotonic()

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
            if "loss" not in logs:
                return
            check_loss(float(logs["loss"]), state.global_step, args.learning_rate)
            if state.is_world_process_zero:
                self._write(state, logs)

        def _write(self, state: Any, logs: dict[str, Any]) -> None:
            now = time.monotonic()
            row = {
                "step": state.global_step,
                "steps": state.max_steps,
                "epoch": logs.get("epoch"),
                "loss": float(logs["loss"]),
                "learning_rate": logs.get("learning_rate"),
                "grad_norm": logs.get("grad_norm"),
                "tokens": sum(trainer.lengths),
                "completion_tokens": trainer.trained,
                "lengths": list(trainer.lengths),
                "seconds": round(now - self.began, 3),
            }
            with path.open("a") as metrics:
                metrics.write(json.dumps(row) + "\n")
            self.began, trainer.lengths, trainer.trained = now, [], 0

    return Writer()


def _cpu_has_bf16() -> bool:
    """Whether the CPU multiplies bf16 matrices itself; without, bf16 is slower than fp32."""
    from lab.core.machine import detect

    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(detect().flags))
