"""TRL's SFTTrainer with two additions; imported by the training process only, since it imports TRL.

It counts the real tokens of every step. And without a GPU it computes the loss its own way: TRL's fused
head then projects every position onto the vocabulary, the prompt's too; here only the positions that
bear loss are projected, and sequences are laid end to end instead of padded. The loss is the same number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional
from trl import SFTTrainer

from lab.train.ragged import can_be_ragged, lay_end_to_end, use_ragged

IGNORED = -100
"""Label of a position without loss."""


@dataclass
class StepCount:
    """What one optimiser step has seen, over all processes: lengths of its sequences, tokens with loss."""

    lengths: list[int] = field(default_factory=list)
    trained: int = 0


class LeanTrainer(SFTTrainer):  # type: ignore[misc]
    """SFTTrainer that counts tokens (`count`, reset by whoever reads it) and is fast without a GPU."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = StepCount()
        self.lean = self._can_be_lean()
        self.ragged = self.lean and can_be_ragged(self._decoder())
        if self.ragged:
            use_ragged(self._decoder())

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
        if return_outputs or not self.lean or "attention_mask" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        decoder, real = self._decoder(), inputs["attention_mask"].bool()
        follows = real[:, 1:] & (inputs["labels"][:, 1:] != IGNORED)
        with self.accelerator.autocast():
            if self.ragged:
                hidden = decoder.base_model(**lay_end_to_end(inputs), use_cache=False).last_hidden_state[0]
                hidden = hidden[functional.pad(follows, (0, 1))[real]]
            else:
                padded = {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"]}
                hidden = decoder.base_model(**padded, use_cache=False).last_hidden_state[:, :-1][follows]
            logits = decoder.get_output_embeddings()(hidden).float()
        total = functional.cross_entropy(logits, inputs["labels"][:, 1:][follows], reduction="sum")
        count = follows.sum() if num_items_in_batch is None else num_items_in_batch
        return total / torch.as_tensor(count).clamp(min=1)

    def _decoder(self) -> Any:
        """The causal model itself, adapters inside."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    def _can_be_lean(self) -> bool:
        """A plain decoder, in one process on a CPU, with the plain loss."""
        config = self._decoder().config.get_text_config()
        scaled = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier")
        return (
            self.args.device.type == "cpu"
            and self.accelerator.num_processes == 1
            and self.args.loss_type == "nll"
            and self.args.label_smoothing_factor == 0
            and not self.args.torch_compile
            and not self.aux_loss_enabled
            and not any(getattr(config, name, None) for name in (*scaled, "logits_scaling"))
        )


def lengths_of(inputs: Any) -> list[int]:
    """Tokens of each sequence in a batch, padding left out."""
    if "attention_mask" in inputs:
        return [int(n) for n in inputs["attention_mask"].sum(-1)]
    if "cu_seq_lens_q" in inputs:
        return [int(n) for n in torch.diff(inputs["cu_seq_lens_q"])]
    return [int(inputs["input_ids"].numel())]
