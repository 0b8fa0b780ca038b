"""Made-up results of clustered problems whose true accuracy is known, to see how often an interval holds it.

Problems of a cluster share a rate: beta-distributed, or the normal copula's; both with the intraclass
correlation asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np
from scipy import optimize, special

RATES = (0.02, 0.05, 0.17, 0.5, 0.95, 0.98)
SIZES = (20, 96, 192)


@dataclass(frozen=True)
class World:
    """How problems are grouped (0 clusters: not at all), and what is seen of each: right or not, or of 8."""

    clusters: int = 0
    icc: float = 0.0
    copula: bool = False
    unequal: bool = False
    shares: bool = False

    def codes(self, n: int) -> Any:
        """(n,) cluster of each problem."""
        if not 0 < self.clusters < n:
            return np.arange(n)
        if not self.unequal:
            return np.arange(n) % self.clusters
        first = np.arange(self.clusters)
        chance = (first + 1.0) ** 1.5 / ((first + 1.0) ** 1.5).sum()
        rest = np.repeat(first, np.round(chance * (n - self.clusters)).astype(int) + 1)
        return np.concatenate([first, rest])[:n]

    def draws(self, n: int, rate: float, repeats: int, seed: int) -> tuple[Any, Any]:
        """(n,) codes and (repeats, n) values."""
        rng, codes = np.random.default_rng(seed), self.codes(n)
        shared = _rates(rng, self, rate, (repeats, int(codes.max()) + 1))[:, codes]
        if not self.shares:
            return codes, (rng.random(shared.shape) < shared).astype(float)
        own = _beta(rng, shared, 0.3)
        return codes, rng.binomial(8, own) / 8


def _rates(rng: Any, world: World, rate: float, shape: tuple[int, int]) -> Any:
    if not world.icc:
        return np.full(shape, rate)
    if not world.copula:
        return _beta(rng, np.full(shape, rate), world.icc)
    r = _latent(rate, world.icc)
    return special.ndtr((special.ndtri(rate) - sqrt(r) * rng.standard_normal(shape)) / sqrt(1 - r))


def _beta(rng: Any, mean: Any, icc: float) -> Any:
    more = 1 / icc - 1
    return rng.beta(np.maximum(mean * more, 1e-6), np.maximum((1 - mean) * more, 1e-6))


@lru_cache
def _latent(rate: float, icc: float) -> float:
    """The normal correlation that gives right-or-wrong answers this intraclass correlation."""
    x, w = np.polynomial.hermite_e.hermegauss(80)

    def excess(r: float) -> float:
        shared = special.ndtr((special.ndtri(rate) - sqrt(r) * x) / sqrt(1 - r))
        return float((w * shared**2).sum() / w.sum() - rate**2 - icc * rate * (1 - rate))

    return float(optimize.brentq(excess, 1e-4, 0.999))


Ends = Callable[[Any, Any], tuple[float, float]]
"""(values, codes) -> low, high."""


def held(ends: Ends, world: World, n: int, rate: float, repeats: int, seed: int = 0) -> tuple[float, float]:
    """(the share of draws whose interval holds the rate, the mean width)."""
    codes, values = world.draws(n, rate, repeats, seed)
    known: dict[bytes, tuple[float, float]] = {}
    found = []
    for row in values:
        sums = np.bincount(codes, weights=row)  # the same sums in another order have the same interval
        key = np.sort(sums + 1j * np.bincount(codes)).tobytes()
        found.append(known.get(key) or known.setdefault(key, ends(row, codes)))
    low, high = np.array(found).T
    return float(((low <= rate) & (rate <= high)).mean()), float((high - low).mean())


def cells(sizes: tuple[int, ...] = SIZES, rates: tuple[float, ...] = RATES) -> Iterator[tuple[int, float]]:
    """Every number of problems with every rate."""
    yield from ((n, rate) for n in sizes for rate in rates)
