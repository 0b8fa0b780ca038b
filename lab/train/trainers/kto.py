"""Kahneman-Tversky optimisation: learning from single completions that are labelled good or bad.

Ethayarajh et al. 2024 (arXiv:2402.01306). No pairs are needed: a good completion becomes more likely and a
bad one less likely, relative to a reference and an estimate of how far the policy has moved. Pairs are split
into two examples. The batches of the estimate are fixed before training, so rows are shuffled here, by the
seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.formats.corpus import Shape
from lab.train.base import Reads
from lab.train.counts import StepCount, padded
from lab.train.trainers.offline import CorpusTrainer


class KTO(CorpusTrainer):
    """Learning from completions labelled good or bad, with TRL's KTOTrainer."""

    reads: ClassVar[tuple[Reads, ...]] = ("labelled", "preference")
    config: ClassVar[str] = "trl.KTOConfig"
    own: ClassVar[Mapping[str, str]] = {
        **CorpusTrainer.own,
        "beta": "beta",
        "desirable_weight": "desirable_weight",
        "undesirable_weight": "undesirable_weight",
    }
    fixed: ClassVar[Mapping[str, str]] = {
        "precompute_ref_log_probs": (
            "the reference model runs next to the model, so that its compute is counted"
        ),
        "sync_ref_model": "the reference is the model before training",
        "train_sampling_strategy": "rows are shuffled by the stage's seed before training",
    }

    kind: Literal["kto"] = "kto"
    epochs: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus."""
    learning_rate: float = Field(default=5e-6, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW, ten times lower than for fine-tuning. For LoRA about ten times more is
    usual.
    """
    batch_size: int = Field(default=8, ge=2)
    """Examples per forward pass on each device; at least two, because they are compared with each other."""
    beta: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    """Weight of the penalty that keeps the policy close to the reference."""
    desirable_weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Weight of good examples; if there are twice as many bad ones, 2 balances them."""
    undesirable_weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Weight of bad examples."""

    def trainer_class(self) -> Any:
        """TRL's trainer with counting."""
        from trl import KTOTrainer

        from lab.train.process.counting import Counting

        class CountingKTOTrainer(Counting, KTOTrainer):  # type: ignore[misc]
            pass

        return CountingKTOTrainer

    def rows(self, dataset: Any, shape: Shape, seed: int) -> Any:
        """Labelled rows in an order that depends on the seed; a pair becomes a good and a bad one."""
        if shape == "preference":
            columns = dataset.column_names
            dataset = dataset.map(_apart, batched=True, remove_columns=columns)
        return dataset.shuffle(seed=seed % 2**32)

    def seen(self, inputs: Any) -> StepCount:
        """Each example forward and backward, and forward through the reference; the estimate's mismatched
        sequences forward through both models.
        """
        lengths, estimate = padded(inputs), list[int]()
        if "KL_attention_mask" in inputs:
            estimate = 2 * [int(n) for n in inputs["KL_attention_mask"].sum(-1)]
        trained = int(inputs["completion_mask"].sum())
        return StepCount(lengths=lengths, trained=trained, forwarded=[*lengths, *estimate])


def _apart(batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Pairs as labelled rows: the good one, then the bad one."""
    pairs = zip(batch["prompt"], batch["chosen"], batch["rejected"], strict=True)
    rows = [
        (prompt, text, good)
        for prompt, *texts in pairs
        for text, good in zip(texts, (True, False), strict=True)
    ]
    return {name: [row[i] for row in rows] for i, name in enumerate(("prompt", "completion", "label"))}
