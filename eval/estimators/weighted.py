"""Weighted@k from a pool of n samples: over every k-subset if possible, else over many random ones.

Weights are real numbers, so subsets cannot be grouped by counts as for majority@k. Up to ENUMERATE subsets
are all enumerated and the value is exact. Otherwise SUBSETS random ones are drawn, and the value has a Monte
Carlo standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import comb, nan
from typing import Any

from eval.plans.voting import TIE

ENUMERATE = 5_000
"""Enumerates all subsets if there are at most this many."""
SUBSETS = 2_000
"""Number of random subsets otherwise."""


def weighted_at_k(
    values: Sequence[str | None], correct: Sequence[float], weights: Sequence[float], k: int, *, seed: int
) -> tuple[float, float]:
    """(expected correctness of the weighted vote of k samples, Monte Carlo standard error).

    Argmax over classes of the summed weights; unparsed answers (None) cast no vote, and a subset without
    votes is wrong. A tie goes to the class that comes first, so tied classes share by their votes (for equal
    weights equally); the winner answers with one of its members in the subset at random. The error is 0 if
    all subsets were enumerated. (NaN, NaN) for k > n.
    """
    n = len(values)
    if not 1 <= k <= n:
        return nan, nan
    exact = comb(n, k) <= ENUMERATE
    members = _all_subsets(n, k) if exact else _random_subsets(n, k, seed)
    credit = _credit(members, values, correct, weights)
    error = 0.0 if exact else float(credit.std(ddof=1) / len(credit) ** 0.5)
    return float(credit.mean()), error


def _credit(
    members: Any, values: Sequence[str | None], correct: Sequence[float], weights: Sequence[float]
) -> Any:
    """The vote's expected correctness in each subset; `members` is (subsets, n) of 0 and 1."""
    import numpy as np

    classes = {v: i for i, v in enumerate(dict.fromkeys(v for v in values if v is not None))}
    if not classes:
        return np.zeros(len(members))
    column = np.array([-1 if v is None else classes[v] for v in values])
    one_hot = (column[:, None] == np.arange(len(classes))).astype(float)
    votes = members @ one_hot
    totals = np.where(votes > 0, members @ (one_hot * np.asarray(weights)[:, None]), -np.inf)
    right = members @ (one_hot * np.asarray(correct, dtype=float)[:, None]) / np.maximum(votes, 1)
    best = totals.max(axis=1, keepdims=True)
    shares = votes * (totals >= best * (1 - TIE))
    return (shares * right).sum(axis=1) / np.maximum(shares.sum(axis=1), 1)


@lru_cache(maxsize=16)
def _all_subsets(n: int, k: int) -> Any:
    import numpy as np

    chosen = np.array(list(combinations(range(n), k)))
    members = np.zeros((len(chosen), n))
    np.put_along_axis(members, chosen, 1.0, axis=1)
    return members


def _random_subsets(n: int, k: int, seed: int) -> Any:
    import numpy as np

    keys = np.random.default_rng([seed, k]).random((SUBSETS, n))
    chosen = np.argpartition(keys, k - 1, axis=1)[:, :k]
    members = np.zeros((SUBSETS, n))
    np.put_along_axis(members, chosen, 1.0, axis=1)
    return members
