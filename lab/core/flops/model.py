"""FLOPs of a model as a function of token counts.

A matrix product of (a, b) by (b, c) is 2abc FLOPs. Norms, rotary embeddings and softmax are left out, as in
torch's FlopCounterMode. Attention is causal: position i (from 1) attends to i keys, or to at most the
window's width in a sliding-window layer. GQA reduces the key and value projections, but not the products with
scores and values. The LM head is counted only for positions whose logits are used. The usual "2N per token"
leaves out head and attention and is wrong for small models.

`lab.core.flops.reading` makes these models from configs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan


@dataclass(frozen=True, slots=True)
class FlopsModel:
    """FLOPs as a function of token counts.

    `linear`: weights that a token is multiplied with in all layers, N_non_embedding (without norms, embedding
    and head; of experts only the active ones). `head`: vocabulary x hidden size. `attention`: n_heads x
    d_head, the mean width of the score and the value product of one layer. `full`/`sliding`: number of layers
    of each kind. `window`: keys that a sliding layer sees. If layers differ, `attention` is 1, and `full` and
    `sliding` are the sums of their widths. `bidirectional`: an encoder, in which every token attends to all
    others. `prompt`: replaces `linear` for a prompt's tokens if recurrent layers read them in chunks.
    """

    linear: int
    head: int
    attention: int
    full: float
    sliding: float = 0
    window: int = 0
    bidirectional: bool = False
    prompt: int | None = None

    @property
    def known(self) -> bool:
        """Whether the FLOPs are known."""
        return True

    @classmethod
    def per_token(cls, flops: float) -> FlopsModel:
        """A model of which only the FLOPs per token are known (about 2 x parameters), independent of the
        context: attention is left out.
        """
        return cls(linear=round(flops / 2), head=0, attention=0, full=0)

    def prefill(self, prompt: int, cached: int = 0, logits: int = 1) -> float:
        """FLOPs to process a prompt of `prompt` tokens of which the first `cached` are already computed.

        `logits`: number of positions whose logits are used. Without new tokens the cost is 0. An encoder
        cannot reuse a part of a text.
        """
        if cached >= prompt:
            return 0.0
        if self.bidirectional:
            attended = 4.0 * self.attention * self.full * prompt * prompt
            return 2.0 * self.linear * prompt + attended + 2.0 * self.head * logits
        chunked = 0 if self.prompt is None else self.prompt - self.linear
        return self._tokens(cached, prompt) + 2.0 * (chunked * (prompt - cached) + self.head * logits)

    def classify(self, prompt: int, cached: int = 0) -> float:
        """FLOPs of a classifier's pass over a prompt: no LM head; its few outputs are left out."""
        return self.prefill(prompt, cached, logits=0)

    def decode(self, prompt: int, tokens: int) -> float:
        """FLOPs to generate `tokens` tokens after a processed prompt. The first comes from the prompt's
        logits and the last is not fed back, so these are `tokens` - 1 forward passes of one token each.
        """
        if tokens <= 1:
            return 0.0
        return self._tokens(prompt, prompt + tokens - 1) + 2.0 * self.head * (tokens - 1)

    def request(self, prompt: int, cached: int, tokens: int) -> float:
        """Prefill with `cached` tokens reused, then decode of `tokens`."""
        return self.prefill(prompt, cached) + self.decode(prompt, tokens)

    def train(self, lengths: Sequence[int]) -> float:
        """Forward and backward passes over sequences of these lengths, logits everywhere: 3 x forward."""
        return 3.0 * sum(self.prefill(length, 0, logits=length) for length in lengths)

    def _tokens(self, start: int, end: int) -> float:
        """Forward of positions start+1..end without the head; position i attends to i keys."""
        keys = self.full * _triangle(start, end) + self.sliding * _clipped(start, end, self.window)
        return 2.0 * self.linear * (end - start) + 4.0 * self.attention * keys


@dataclass(frozen=True, slots=True)
class UnknownFlops(FlopsModel):
    """A model of which only the name is known: every count is NaN, stored as null in files.

    Sums with it are NaN, too, so that a part of a cost is never mistaken for the total.
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
