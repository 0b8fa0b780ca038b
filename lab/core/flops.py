"""FLOPs of a decoder, from its config alone.

A matrix product of (a, b) by (b, c) is 2abc FLOPs; norms, rotary embeddings and softmax are left out,
as in torch's FlopCounterMode. Attention is causal, so position i (from 1) attends to i keys, or to the
window's width in a sliding-window layer. GQA shrinks the key and value projections but not the
score and mix products; the LM head is counted only where its logits are used. The usual "2N per
token" leaves out the head and attention and is wrong for small models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from lab.core.errors import InputError

_UNGATED = {"gpt2", "gpt_neox", "gpt_bigcode", "opt", "phi", "bloom", "falcon", "starcoder2"}


@dataclass(frozen=True, slots=True)
class FlopsModel:
    """FLOPs as a function of token counts.

    `linear`: weights of all layers' matrix products, N_non_embedding (no norms, no embedding, no head).
    `head`: vocabulary x hidden size. `attention`: n_heads x d_head. `full`/`sliding`: number of layers of
    each kind; `window`: keys a sliding layer sees.
    """

    linear: int
    head: int
    attention: int
    full: int
    sliding: int = 0
    window: int = 0

    @property
    def known(self) -> bool:
        """Whether it can count at all."""
        return True

    @classmethod
    def per_token(cls, flops: float) -> FlopsModel:
        """A model of which only the FLOPs of one token are known (about 2 x parameters), whatever stands
        before it: attention is left out."""
        return cls(linear=round(flops / 2), head=0, attention=0, full=0)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FlopsModel:
        """Read a Hugging Face `config.json`; raises InputError where a dimension is missing."""
        config = {**config, **config.get("text_config", {})}
        hidden = _first(config, "hidden_size", "n_embd", "d_model")
        layers = _first(config, "num_hidden_layers", "n_layer", "num_layers")
        heads = _first(config, "num_attention_heads", "n_head")
        kv_heads = config.get("num_key_value_heads") or heads
        d_head = config.get("head_dim") or hidden // heads
        projections = 2 * hidden * heads * d_head + 2 * hidden * kv_heads * d_head
        sliding = _sliding_layers(config, layers)
        return cls(
            linear=layers * (projections + _mlp(config, hidden)),
            head=int(config["vocab_size"]) * hidden,
            attention=heads * d_head,
            full=layers - sliding,
            sliding=sliding,
            window=int(config.get("sliding_window") or 0),
        )

    def prefill(self, prompt: int, cached: int = 0, logits: int = 1) -> float:
        """FLOPs to process a prompt of `prompt` tokens of which the first `cached` are there already.

        `logits`: positions whose logits are used. Nothing new to process costs nothing.
        """
        if cached >= prompt:
            return 0.0
        return self._tokens(cached, prompt) + 2.0 * self.head * logits

    def classify(self, prompt: int, cached: int = 0) -> float:
        """FLOPs of a classifier's pass over a prompt: no LM head; its few outputs are left out."""
        return self.prefill(prompt, cached, logits=0)

    def decode(self, prompt: int, tokens: int) -> float:
        """FLOPs to generate `tokens` after a processed prompt: the first comes from the prompt's logits,
        the last is never fed back, so `tokens` - 1 forward passes of one token each."""
        if tokens <= 1:
            return 0.0
        return self._tokens(prompt, prompt + tokens - 1) + 2.0 * self.head * (tokens - 1)

    def request(self, prompt: int, cached: int, tokens: int) -> float:
        """Prefill with `cached` tokens reused, then decode of `tokens`."""
        return self.prefill(prompt, cached) + self.decode(prompt, tokens)

    def train(self, lengths: Sequence[int]) -> float:
        """Forward and backward over sequences of these lengths, logits everywhere: 3 x forward."""
        return 3.0 * sum(self.prefill(length, 0, logits=length) for length in lengths)

    def _tokens(self, start: int, end: int) -> float:
        """Forward of positions start+1..end without the head; position i attends to i keys."""
        keys = self.full * _triangle(start, end) + self.sliding * _clipped(start, end, self.window)
        return 2.0 * self.linear * (end - start) + 4.0 * self.attention * keys


@dataclass(frozen=True, slots=True)
class UnknownFlops(FlopsModel):
    """A model of which nothing is known but its name: every count is NaN, which files hold as null.

    Sums with it are NaN too, so that no part of a cost is ever taken for the whole.
    """

    @property
    def known(self) -> bool:
        return False

    def prefill(self, prompt: int, cached: int = 0, logits: int = 1) -> float:
        return nan

    def decode(self, prompt: int, tokens: int) -> float:
        return nan

    def train(self, lengths: Sequence[int]) -> float:
        return nan


UNKNOWN = UnknownFlops(linear=0, head=0, attention=0, full=0)


def _triangle(start: int, end: int) -> int:
    """Sum of i for i in start+1..end."""
    return (end * (end + 1) - start * (start + 1)) // 2


def _clipped(start: int, end: int, window: int) -> int:
    """Sum of min(i, window) for i in start+1..end."""
    edge = min(max(window, start), end)
    return _triangle(start, edge) + (end - edge) * window


def _first(config: Mapping[str, Any], *names: str) -> int:
    for name in names:
        if config.get(name):
            return int(config[name])
    raise InputError(
        f"the FLOPs cannot be counted: the model's config.json has none of the keys {', '.join(names)}"
    )


def _mlp(config: Mapping[str, Any], hidden: int) -> int:
    """Weights of an MLP block that a token passes through (gated: 3 matrices; experts: the active ones)."""
    matrices = 2 if config.get("model_type") in _UNGATED else 3
    width = config.get("intermediate_size") or config.get("n_inner") or 4 * hidden
    active = config.get("num_experts_per_tok")
    if not active:
        return matrices * hidden * int(width)
    experts = _first(config, "num_experts", "num_local_experts", "n_routed_experts")
    return (
        int(active) * matrices * hidden * int(config.get("moe_intermediate_size") or width) + hidden * experts
    )


def _sliding_layers(config: Mapping[str, Any], layers: int) -> int:
    if not config.get("sliding_window"):
        return 0
    if types := config.get("layer_types"):
        return sum(kind == "sliding_attention" for kind in types)
    if pattern := config.get("sliding_window_pattern") or config.get("_sliding_window_pattern"):
        return layers - layers // int(pattern)
    return 0 if config.get("use_sliding_window") is False else layers
