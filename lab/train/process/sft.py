"""TRL's SFTTrainer with two additions; used only in the training process (it imports TRL).

It counts the real tokens of every step. Without a GPU it also computes the loss in another way: TRL's fused
head then projects every position onto the vocabulary, including the prompt's. Here only the positions in the
loss are projected, and sequences are concatenated instead of padded. The loss is the same number.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from trl import SFTTrainer

from lab.train.counts import StepCount, padded
from lab.train.process.counting import Counting
from lab.train.process.ragged import can_be_ragged, lay_end_to_end, use_ragged

IGNORED = -100
"""Label of a position without loss."""
PIECE_TOKENS = 2048
"""Maximum tokens of one forward pass without a GPU: activations of SmolLM2 take about 2 MB per token."""


class CountingSFTTrainer(Counting, SFTTrainer):  # type: ignore[misc]
    """SFTTrainer that counts tokens (`count`, reset by the code that reads it) and is fast without a GPU."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lean = self._can_be_lean()
        packed = (
            self.padding_free
        )  # then position ids separate the sequences, which needs the model's own mask
        self.ragged = self.lean and not packed and can_be_ragged(self._decoder())
        if self.ragged:
            use_ragged(self._decoder())

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """Trains on one batch. A large batch is split into pieces whose gradients are added; each piece is
        counted.
        """
        if not self.ragged or num_items_in_batch is None or "attention_mask" not in inputs:
            return super().training_step(model, inputs, num_items_in_batch)
        loss = torch.zeros(())
        for piece in pieces(inputs, PIECE_TOKENS):
            loss = loss + super().training_step(model, piece, num_items_in_batch)
        return loss

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
        """The causal model itself, including adapters."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    def _can_be_lean(self) -> bool:
        """Whether this is a plain decoder, in one process on a CPU, with the plain loss."""
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


def seen(inputs: Any) -> StepCount:
    """The sequences of a batch, padded or packed, and the number of their tokens in the loss."""
    return StepCount(lengths=lengths_of(inputs), trained=int((inputs["labels"] != IGNORED).sum()))


def lengths_of(inputs: Any) -> list[int]:
    """Tokens of each sequence in a batch, without padding."""
    if "attention_mask" in inputs:
        return padded(inputs)
    if "cu_seq_lens_q" in inputs:
        return [int(n) for n in torch.diff(inputs["cu_seq_lens_q"])]
    return [int(inputs["input_ids"].numel())]


def pieces(inputs: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """A padded batch split between sequences, so that a piece of several sequences has at most `most` real
    tokens.
    """
    cuts, held = [0], 0
    for row, length in enumerate(lengths_of(inputs)):
        if held and held + length > most:
            cuts.append(row)
            held = 0
        held += length
    ends = [*cuts[1:], len(inputs["input_ids"])]
    return [{k: v[a:b] for k, v in inputs.items()} for a, b in zip(cuts, ends, strict=True)]
