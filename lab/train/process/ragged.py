"""Attention over concatenated sequences of different lengths, without padding, on a CPU.

Padding a batch of short examples to its longest wastes a quarter of the work. If the sequences are
concatenated, the linear layers process real tokens only. Attention must keep sequences separate, and
therefore processes them one by one here. Used only in the training process (it imports torch).
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

NAME = "lab_ragged"
FAMILIES = {"llama", "qwen2", "qwen3"}
"""Model types in which every layer is plain causal attention through transformers' attention interface."""


def can_be_ragged(model: Any) -> bool:
    """Whether this attention can replace the model's own."""
    config = model.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    return (
        config.model_type in FAMILIES
        and config._attn_implementation == "sdpa"
        and kinds == {"full_attention"}
        and not getattr(config, "attention_dropout", 0.0)
    )


def use_ragged(model: Any) -> None:
    """Replaces the model's attention. Batches that are not concatenated are processed as before."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)
    model.set_attn_implementation(NAME)


def attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    **more: Any,
) -> tuple[Any, None]:
    """Causal attention. `query` is (1, heads, tokens, d); `ragged` (in `more`) has the sequences' lengths.

    Returns (1, tokens, heads, d), as transformers' attention interface requires. Without `ragged` the batch
    is padded on the right, and a causal mask alone separates padding from real tokens.
    """
    lengths = more.get("ragged")
    parts = [(query, key, value)]
    if lengths is not None:
        parts = list(zip(*(t.split(lengths, dim=2) for t in (query, key, value)), strict=True))
    outputs = [
        functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling, enable_gqa=True)
        for q, k, v in parts
    ]
    return torch.cat(outputs, dim=2).transpose(1, 2), None


def lay_end_to_end(inputs: Any) -> dict[str, Any]:
    """A right-padded batch as one row: input_ids, position_ids and `ragged` lengths."""
    mask = inputs["attention_mask"].bool()
    lengths = [int(n) for n in mask.sum(-1)]
    positions = torch.cat([torch.arange(n) for n in lengths])
    return {"input_ids": inputs["input_ids"][mask][None], "position_ids": positions[None], "ragged": lengths}
