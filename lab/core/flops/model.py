"""FLOPs of a model as a function of token counts.

A matrix product of (a, b) by (b, c) is 2abc FLOPs; norms, rotary embeddings and softmax are left out,
as in torch's FlopCounterMode. Attention is causal, so position i (from 1) attends to i keys, or to the
window's width in a sliding-window layer. GQA shrinks the key and value projections but not the
score and mix products; the LM head is counted only where its logits are used. The usual "2N per
token" leaves out the head and attention and is wrong for small models.

Where a model's numbers come from is in `lab.core.flops.reading`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan


@dataclass(frozen=True, slots=True)
class FlopsModel:
    """FLOPs as a function of token counts.

    `linear`: weights that a token is multiplied with in all layers, N_non_embedding (no norms, no embedding,
    no head; of experts the active ones). `head`: vocabulary x hidden size. `attention`: n_heads x d_head, the
    mean width of the score and the mix product of one layer. `full`/`sliding`: number of layers of each kind;
    `window`: keys a sliding layer sees. Where layers differ, `attention` is 1 and `full` and `sliding` are
    the sums of their widths. `bidirectional`: an encoder, in which every token attends to all others.
    `prompt`: in place of `linear` for a prompt's tokens, where recurrent layers read them in chunks.
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
        """Whether it can count at all."""
        return True

    @classmethod
    def per_token(cls, flops: float) -> FlopsModel:
        """A model of which only the FLOPs of one token are known (about 2 x parameters), whatever stands
        before it: attention is left out."""
        return cls(linear=round(flops / 2), head=0, attention=0, full=0)

    def prefill(self, prompt: int, cached: int = 0, logits: int = 1) -> float:
        """FLOPs to process a prompt of `prompt` tokens of which the first `cached` are there already.

        `logits`: positions whose logits are used. Nothing new to process costs nothing. An encoder has no use
        for a part of a text that it has read.
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
