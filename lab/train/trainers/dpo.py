"""Direct preference optimisation: raises the likelihood of the better completion relative to the worse one.

Rafailov et al. 2023 (arXiv:2305.18290). The reference is the initial model. It runs next to the policy (with
adapters: the same model without them), so its forward pass is counted in every step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.train.base import Reads
from lab.train.counts import StepCount, padded
from lab.train.trainers.offline import CorpusTrainer


class DPO(CorpusTrainer):
    """Learning from pairs of a better and a worse completion, with TRL's DPOTrainer."""

    reads: ClassVar[tuple[Reads, ...]] = ("preference",)
    config: ClassVar[str] = "trl.DPOConfig"
    own: ClassVar[Mapping[str, str]] = {**CorpusTrainer.own, "beta": "beta"}
    fixed: ClassVar[Mapping[str, str]] = {
        "precompute_ref_log_probs": (
            "the reference model runs next to the model, so that its compute is counted"
        ),
        "sync_ref_model": "the reference is the model before training",
    }

    kind: Literal["dpo"] = "dpo"
    epochs: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus."""
    learning_rate: float = Field(default=5e-6, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW, ten times lower than for fine-tuning. For LoRA about ten times more is
    usual.
    """
    batch_size: int = Field(default=8, ge=1)
    """Pairs per forward pass on each device (two sequences each)."""
    beta: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    """Weight of the penalty that keeps the policy close to the reference."""

    def trainer_class(self) -> Any:
        """TRL's trainer with counting."""
        from trl import DPOTrainer

        from lab.train.process.counting import Counting

        class CountingDPOTrainer(Counting, DPOTrainer):  # type: ignore[misc]
            pass

        return CountingDPOTrainer

    def seen(self, inputs: Any) -> StepCount:
        """Both completions of each pair, forward and backward, and forward through the reference."""
        lengths = padded(inputs)
        return StepCount(
            lengths=lengths, trained=int(inputs["completion_mask"].sum()), forwarded=list(lengths)
        )
