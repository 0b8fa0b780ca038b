"""Supervised fine-tuning: the model learns to generate the corpus's completions from their prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from lab.train.base import Reads
from lab.train.counts import StepCount
from lab.train.trainers.offline import CorpusTrainer


class SFT(CorpusTrainer):
    """Supervised fine-tuning with TRL's SFTTrainer, full or LoRA; the loss is on the completions only.

    Weights are kept in fp32, because bf16 weights would lose small updates; computations use bf16 where the
    machine supports it. The training runs in its own process, through accelerate, and continues from its last
    checkpoint.
    """

    reads: ClassVar[tuple[Reads, ...]] = ("completion",)
    config: ClassVar[str] = "trl.SFTConfig"
    fixed: ClassVar[Mapping[str, str]] = {"completion_only_loss": ("the loss always covers completions only")}

    kind: Literal["sft"] = "sft"

    def trainer_class(self) -> Any:
        """TRL's trainer with counting, with a faster loss on a CPU."""
        from lab.train.process.sft import CountingSFTTrainer

        return CountingSFTTrainer

    def settings(self) -> dict[str, Any]:
        """The settings. The prompt is not in the loss."""
        return {**super().settings(), "completion_only_loss": True}

    def seen(self, inputs: Any) -> StepCount:
        """The sequences of a batch, padded or packed, and their labelled tokens."""
        from lab.train.process.sft import seen

        return seen(inputs)
