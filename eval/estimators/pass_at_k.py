"""Exact expectations over all k-subsets of a pool of n samples.

Averaging over every choice of k of the n samples without replacement gives an unbiased estimate at k with the
least variance; "the first k" would ignore the other samples. Undefined for k > n: NaN. Majority and weighted
votes have separate files.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import expm1, isnan, log1p, nan


def pass_at_k(n: int, c: int, k: int) -> float:
    """Probability that at least one of k samples is right: 1 - C(n-c,k)/C(n,k) (Chen et al. 2021).

    `n` samples of which `c` are right. A product of n-c over n ratios in logarithms, so its relative accuracy
    holds at n = 10,000 and for tiny values.
    """
    _check(n, c, k)
    if n < k:
        return nan
    if n - c < k:
        return 1.0
    return -expm1(sum(log1p(-k / i) for i in range(n - c + 1, n + 1)))


def pass_hat_k(n: int, c: int, k: int) -> float:
    """Probability that all of k samples are right: C(c,k)/C(n,k) (pass^k, Yao et al. 2024)."""
    _check(n, c, k)
    if n < k:
        return nan
    product = 1.0
    for i in range(k):
        product *= max(c - i, 0) / (n - i)
    return product


def best_of_k(scores: Sequence[float], correct: Sequence[float], k: int) -> float:
    """Expected correctness of the highest-scored of k samples, over all k-subsets of the n.

    Sorted by falling score, rank j (from 1) is the best of a subset with probability
    C(n-j,k-1)/C(n,k). Tied scores share: the mean over all orderings of the tie. Raises ValueError on a
    NaN score.
    """
    n = len(scores)
    _check(n, 0, k)
    if n < k:
        return nan
    if any(isnan(s) for s in scores):
        raise ValueError("best_of_k: one of the scores is NaN")
    shared = _tie_means(scores, correct)
    total, weight = 0.0, k / n
    for rank, score in enumerate(sorted(scores, reverse=True), start=1):
        total += weight * shared[score]
        if rank < n:
            weight *= (n - rank - k + 1) / (n - rank)
    return min(total, 1.0)


def _tie_means(scores: Sequence[float], correct: Sequence[float]) -> dict[float, float]:
    """score -> mean correctness of the samples that have it."""
    groups: dict[float, list[float]] = {}
    for score, right in zip(scores, correct, strict=True):
        groups.setdefault(score, []).append(right)
    return {score: sum(group) / len(group) for score, group in groups.items()}


def _check(n: int, c: int, k: int) -> None:
    if not 0 <= c <= n or k < 1:
        raise ValueError(f"expected 0 <= c <= n and k >= 1, found n={n}, c={c}, k={k}")
