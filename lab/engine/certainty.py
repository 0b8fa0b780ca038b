"""Two measures of a model's certainty about the next token, from the complete distribution, in nats.

Both use the raw distribution p (before temperature and top-p); higher is more certain. Token confidence
(DeepConf, Fu et al. 2025) is the mean of -log p over the 20 most likely tokens: the more certain the model,
the smaller the probabilities of the other tokens. Self-certainty (Kang et al. 2025) is KL(uniform || p) over
the complete vocabulary. Neither is defined at a position with restricted tokens (`Sampling.allowed_tokens`).
"""

from __future__ import annotations

from math import log
from typing import Any

from lab.core.types import Sampling

LISTED = 20
"""The number of most likely tokens in token confidence, as in DeepConf."""

Pairs = tuple[tuple[float, ...], tuple[float, ...]]


def wanted(sampling: Sampling) -> bool:
    """Whether the numbers are requested and defined."""
    return sampling.certainty and not sampling.allowed_tokens


def measure(logits: Any) -> Any:
    """(rows, 2): token confidence and self-certainty, from raw logits (rows, vocabulary) in float32.

    A constant added to all logits of a row changes neither. (log_softmax takes one pass on a CPU; logsumexp
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
