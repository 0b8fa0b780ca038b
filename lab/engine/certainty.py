"""How sure a model is of its next token: two numbers about the whole distribution, in nats.

Both are of the raw distribution p (before temperature and top-p), and higher is surer. Token confidence
(DeepConf, Fu et al. 2025) is the mean of -log p over the 20 likeliest tokens: the surer the model, the less
is left for the runners-up. Self-certainty (Kang et al. 2025) is KL(uniform || p), over the whole vocabulary.
Neither is asked of a position whose tokens are restricted (`Sampling.allowed_tokens`).
"""

from __future__ import annotations

from math import log
from typing import Any

from lab.core.types import Sampling

LISTED = 20
"""How many of the likeliest tokens confidence looks at, as in DeepConf."""

Pairs = tuple[tuple[float, ...], tuple[float, ...]]


def wanted(sampling: Sampling) -> bool:
    """Whether the numbers are asked for and make sense."""
    return sampling.certainty and not sampling.allowed_tokens


def measure(logits: Any) -> Any:
    """(rows, 2) of token confidence and self-certainty, from raw logits (rows, vocabulary) in float32.

    A constant added to all logits of a row changes neither. (log_softmax is one pass on a CPU; logsumexp
    and differences from it took a third longer.)
    """
    import torch

    logprobs, size = logits.log_softmax(-1), logits.shape[-1]
    likeliest = logprobs.topk(min(LISTED, size), -1).values.mean(-1)
    return torch.stack([-likeliest, -logprobs.mean(-1) - log(size)], -1)


def unzipped(pairs: Any) -> Pairs:
    """(confidence of every token, certainty of every token) from pairs of them."""
    pairs = list(pairs)
    return tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
