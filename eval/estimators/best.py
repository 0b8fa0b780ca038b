"""Best-of-k for every k in one pass: one sort of the scores, and one table of weights for all pools of n."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, isnan
from typing import Any


def best_of_every_k(scores: Sequence[float], correct: Sequence[float]) -> list[float]:
    """Expected correctness of the highest-scored of k samples for k = 1..n, as in `best_of_k`.

    Tied scores share: the mean over all orderings of the tie. Raises ValueError for a NaN score.
    """
    import numpy as np

    if any(isnan(s) for s in scores):
        raise ValueError("best_of_every_k: one of the scores is NaN")
    _, tie = np.unique(-np.asarray(scores, dtype=float), return_inverse=True)
    mean = np.bincount(tie, weights=np.asarray(correct, dtype=float)) / np.bincount(tie)
    by_rank = mean[np.sort(tie)]
    return [float(x) for x in np.minimum(_ranks(len(scores)) @ by_rank, 1.0)]


@lru_cache(maxsize=16)
def _ranks(n: int) -> Any:
    """[k-1, j-1]: the probability C(n-j,k-1)/C(n,k) that rank j is the best of k of n."""
    import numpy as np

    return np.array([[comb(n - j, k - 1) / comb(n, k) for j in range(1, n + 1)] for k in range(1, n + 1)])
