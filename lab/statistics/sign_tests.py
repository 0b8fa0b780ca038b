"""Exact tests for paired differences, by counting all choices of their signs.

If all differences have the same size this is the sign test (McNemar's test). Its mid-p counts the observed
result half (Fagerland, Lydersen and Laake 2013), so with m differences p is at least 2^-m. Otherwise all
choices of signs are counted. The result and its reversal are equally far from 0, so p is at least 2^(1 - m).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

TIE = 1e-9


def exact_p(differences: Sequence[float]) -> float:
    """Two-sided p-value for differences (without zeros) that are symmetric around 0; 1 if there are none.

    Time and memory double with every two differences: 30 differences need two halves of 2^15 sums.
    """
    import numpy as np

    found = np.asarray([d for d in differences if abs(d) > TIE])
    if not len(found):
        return 1.0
    size = np.abs(found)
    if size.max() - size.min() <= TIE:
        return mcnemar(int((found > 0).sum()), int((found < 0).sum()))
    return min(1.0, _reversed(size, abs(float(found.sum()))))


def mcnemar(gained: int, lost: int) -> float:
    """The mid-p value of the exact test of `gained` against `lost` discordant pairs."""
    n, few = gained + lost, min(gained, lost)
    below = sum(comb(n, i) for i in range(few + 1)) - comb(n, few) / 2
    return min(1.0, float(2 * below / 2**n))


def _reversed(size: Any, total: float) -> float:
    """The share of all choices of signs whose sum is at least `total` away from 0, from the sums of two
    halves.
    """
    import numpy as np

    half = len(size) // 2
    first, second = _sums(size[:half]), np.sort(_sums(size[half:]))
    above = len(second) - np.searchsorted(second, total - TIE - first)
    return float(2 * above.sum() / 2 ** len(size)) if total > TIE else 1.0


def _sums(size: Any) -> Any:
    """The sums under all choices of signs."""
    import numpy as np

    sums = np.zeros(1)
    for s in size:
        sums = np.concatenate([sums - s, sums + s])
    return sums
