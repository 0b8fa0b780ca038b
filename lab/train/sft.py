"""Supervised fine-tuning: the model learns to write the corpus's completions after their prompts.

This module is what a recipe sees: fields, their checks and `train`. The work happens in a process of
its own (see `launch` and `worker`), so nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.errors import InputError
from lab.core.flops import FlopsModel
from lab.core.progress import Progress, Quiet
from lab.core.protocols import Weights
from lab.train.arguments import argument_faults
from lab.train.result import TrainResult


class Lora(Component):
    """Low-rank adapters instead of full fine-tuning; merged into the weights at the end."""

    r: int = Field(default=16, ge=1)
    """Rank of the adapters."""
    alpha: float = Field(default=32.0, gt=0)
    """Scale: the adapters' product is multiplied by alpha / r."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout on the adapters' input."""
    target_modules: str | tuple[str, ...] = "all-linear"
    """Names of the layers to adapt, or all-linear (every one but the head)."""


class SFT(Component):
    """Supervised fine-tuning with TRL's SFTTrainer, full or LoRA; loss on the completions only.

    Weights are kept in fp32 while the arithmetic is bf16 where the machine has it: small updates would
    vanish in bf16 weights. Runs in a process of its own, through accelerate; continues from its last
    checkpoint.
    """

    kind: Literal["sft"] = "sft"
    epochs: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus."""
    learning_rate: float = Field(default=5e-5, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW; LoRA usually wants about ten times more."""
    batch_size: int = Field(default=16, ge=1)
    """Examples of one forward pass on each device."""
    gradient_accumulation: int = Field(default=1, ge=1)
    """Forward passes of one optimiser step: less memory for the same step."""
    max_length: int = Field(default=1024, ge=2)
    """Longest example in tokens; longer ones are cut at the end, or dropped if no completion is left."""
    warmup: float = Field(default=0.1, ge=0, allow_inf_nan=False)
    """Steps over which the learning rate rises from zero; below 1 it is a fraction of all steps."""
    lr_scheduler: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    """How the learning rate changes after the warm-up."""
    lora: Lora | None = None
    """Train low-rank adapters instead of all weights."""
    save_steps: int = Field(default=20, ge=1)
    """Optimiser steps between checkpoints, of which the last is kept until the training ends."""
    keep_checkpoints: bool = False
    """Keep the last checkpoint (three times the size of the fp32 weights) after the training."""
    accelerate_config: str | None = Field(default=None, min_length=1)
    """A file of `accelerate config`, for data parallelism over several processes."""
    args: dict[str, Any] = {}
    """Any other field of trl.SFTConfig, by its own name."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Unknown `args`, those the lab sets itself, and a missing accelerate file."""
        for message in argument_faults(self.args):
            yield "args", message
        if self.accelerate_config and not Path(self.accelerate_config).expanduser().is_file():
            yield "accelerate_config", f"no such file: {self.accelerate_config}"

    def train(
        self,
        *,
        corpus: Path,
        weights: Weights,
        out: Path,
        seed: int,
        flops: FlopsModel,
        progress: Progress | None = None,
    ) -> TrainResult:
        """Fine-tune `weights` on `corpus`/data/train-*.parquet; writes model/, metrics.jsonl, ledger.parquet.

        The same call after an interruption continues from the last complete checkpoint, and returns at
        once when all is done. Raises InputError for a corpus or settings that cannot be trained on,
        StageError when the training fails (diverged, out of memory, killed).
        """
        from lab.train.launch import launch

        for field, message in self.faults():
            raise InputError(message, where=field)
        return launch(self, corpus, weights, out, seed=seed, flops=flops, progress=progress or Quiet())
