"""A number with its 95 % interval, as the rows about knowing and correcting hold it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

from eval.analysis.resample import Draws, draws
from eval.statistics import mean_interval

RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the ends of its 95 % interval; None: undefined, never a made-up number."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


UNKNOWN = Estimate()


def estimate(value: float, low: float, high: float) -> Estimate:
    """The three as an estimate; what is not finite is None."""
    return Estimate(*(float(x) if isfinite(x) else None for x in (value, low, high)))


def known(value: float) -> float | None:
    """The value, None for NaN."""
    return None if isnan(value) else value


def share(values: Sequence[float], clusters: Sequence[Hashable]) -> Estimate:
    """The mean over problems of values in [0, 1] with `mean_interval`; all None of nothing."""
    found = mean_interval(values, clusters)
    return estimate(found.mean, found.low, found.high)


def codes(clusters: Sequence[Hashable]) -> Any:
    """Cluster names to 0..G-1; where there are fewer than two, every problem is its own."""
    import numpy as np

    names = clusters if len(set(clusters)) > 1 else range(len(clusters))
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=int)


def weights_of(clusters: Sequence[Hashable], seed: int, resamples: int = RESAMPLES) -> Draws:
    """How often each problem was drawn, by the same draws for everything on the same problems.

    Whole clusters are drawn, with replacement.
    """
    return draws(codes(clusters), resamples, seed)
