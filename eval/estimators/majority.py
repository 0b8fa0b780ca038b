"""Majority@k from a pool of n samples, exactly.

Draw k of n samples without replacement: how many of each answer class are among them is multivariate
hypergeometric, and only those counts decide the vote. Instead of enumerating count vectors, a
generating function counts the subsets in which class c has j votes, nobody has more, and t others tie
with it: the coefficient of x^(k-j) z^t in

    (1 + x)^unparsed * product over other classes of (sum_{i<j} C(m,i) x^i + z C(m,j) x^j)

times C(m_c, j), with credit 1 / (1 + t). All terms are positive, so nothing cancels, and every k comes
out of one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import comb, nan
from typing import Any

EXACT_UP_TO = 256
"""The largest pool for which this is fast (at most 0.1 s); its binomials are far from float64's limit."""


def majority_at_k(values: Sequence[str | None], correct: Sequence[float], ks: Sequence[int]) -> list[float]:
    """Expected correctness of the majority answer of k samples, one value per k; NaN for k > n.

    `values`: canonical answers, None for unparsed ones, which cast no vote; a subset in which nobody
    votes is wrong. Ties give each tied class an equal share. The winning class answers with one of its
    members at random (its correctness is the class mean). Raises ValueError for more than 256 samples.
    """
    n = len(values)
    if n > EXACT_UP_TO:
        raise ValueError(f"majority_at_k is exact up to {EXACT_UP_TO} samples, got {n}")
    counts = Counter(v for v in values if v is not None)
    right = dict.fromkeys(counts, 0.0)
    for value, c in zip(values, correct, strict=True):
        if value is not None:
            right[value] += c
    totals = [0.0] * len(ks)
    for value, share in right.items():
        if share:
            others = tuple(sorted(counts[v] for v in counts if v != value))
            wins = _wins(counts[value], others, n)
            for i, k in enumerate(ks):
                totals[i] += wins[k] * share / counts[value] if k <= n else 0.0
    return [total if 1 <= k <= n else nan for k, total in zip(ks, totals, strict=True)]


@lru_cache(maxsize=65_536)
def _wins(mine: int, others: tuple[int, ...], n: int) -> tuple[float, ...]:
    """P(a class of `mine` votes wins, ties shared) among k of n samples, for k = 0..n."""
    import numpy as np

    unparsed = n - mine - sum(others)
    credit = np.zeros(n + 1)
    for j in range(1, mine + 1):
        table = _subsets(j, others, unparsed, n - mine)
        share = comb(mine, j) * (table / (1.0 + np.arange(len(table)))[:, None]).sum(axis=0)
        credit[j : j + len(share)] += share
    return tuple(float(c / comb(n, k)) for k, c in enumerate(credit))


def _subsets(j: int, others: tuple[int, ...], unparsed: int, size: int) -> Any:
    """table[t, d]: subsets of d other samples in which no class has more than j votes and t classes have
    exactly j.
    """
    import numpy as np

    reach = [m for m in others if m >= j]
    table = np.zeros((len(reach) + 1, size + 1))
    table[0, : unparsed + 1] = [comb(unparsed, d) for d in range(unparsed + 1)]
    for m in others:
        table = _times_class(table, m, j)
    return table


def _times_class(table: Any, m: int, j: int) -> Any:
    """Multiply by sum_{i<j} C(m,i) x^i + z C(m,j) x^j, with i at most m."""
    import numpy as np

    result = np.zeros_like(table)
    for i in range(min(m, j - 1) + 1):
        result[:, i:] += comb(m, i) * table[:, : table.shape[1] - i]
    if m >= j:
        result[1:, j:] += comb(m, j) * table[:-1, : table.shape[1] - j]
    return result
