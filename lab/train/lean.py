"""TRL's SFTTrainer with two additions; imported by the training process only, since it imports TRL.

It counts the real tokens of every step. And without a GPU it computes the loss its own way: TRL's fused
head then projects every position onto the vocabulary, the prompt's too, and back in fp32; here only the
positions that bear loss are projected, in the autocast type. The loss is the same number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional
from trl import SFTTrainer

IGNORED = -100
"""Label of a position without loss."""


@dataclass
class StepCount:
    """What one optimiser step has seen, over all processes: lengths of its sequences, tokens with loss."""

    lengths: list[int] = field(default_factory=list)
    trained: int = 0


class LeanTrainer(SFTTrainer):  # type: ignore[misc]
    """SFTTrainer that counts tokens (`count`, reset by whoever reads it) and is fast without a GPU."""

    count = StepCount()

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Count, then train on one batch."""
        lengths, trained = lengths_of(inputs), int((inputs["labels"] != IGNORED).sum())
        if self.accelerator.num_processes > 1:
            from accelerate.utils import gather_object

            lengths, trained = gather_object(lengths), sum(gather_object([trained]))
        self.count.lengths += lengths
        self.count.trained += trained
        return super().training_step(model, inputs, *args, **kwargs)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Mean negative log-likelihood of the labelled tokens, as TRL defines it (a scalar)."""
        if return_outputs or not self._can_be_lean(inputs):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        inputs["use_cache"] = False
        labels = inputs.pop("labels")[:, 1:]
        mask = labels != IGNORED
        decoder = model.get_base_model() if hasattr(model, "get_base_model") else model
        with self.accelerator.autocast():
            hidden = decoder.base_model(**inputs).last_hidden_state[:, :-1][mask]
            logits = decoder.get_output_embeddings()(hidden).float()
        total = functional.cross_entropy(logits, labels[mask], reduction="sum")
        return total / (mask.sum() if num_items_in_batch is None else num_items_in_batch).clamp(min=1)

    def _can_be_lean(self, inputs: Any) -> bool:
        """A plain decoder, in one process on a CPU, with the plain loss."""
        config = self.model.config.get_text_config()
        scaled = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier")
        return (
            inputs["input_ids"].device.type == "cpu"
            and self.accelerator.num_processes == 1
            and self.args.loss_type == "nll"
            and self.args.label_smoothing_factor == 0
            and not self.aux_loss_enabled
            and not any(getattr(config, name, None) for name in (*scaled, "logits_scaling"))
            and hasattr(self.model, "base_model")
        )


def lengths_of(inputs: Any) -> list[int]:
    """Tokens of each sequence in a batch, padding left out."""
    if "attention_mask" in inputs:
        return [int(n) for n in inputs["attention_mask"].sum(-1)]
    if "cu_seq_lens_q" in inputs:
        return [int(n) for n in torch.diff(inputs["cu_seq_lens_q"])]
    return [int(inputs["input_ids"].numel())]
