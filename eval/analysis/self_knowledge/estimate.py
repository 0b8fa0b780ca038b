"""A value with its 95 % interval, as in the rows about self-knowledge."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

from lab.statistics.bootstrap import RESAMPLES, Draws, draws
from lab.statistics.bounds import bounded_mean, filled, outer
from lab.statistics.proportion import numbered


@dataclass(frozen=True, slots=True)
class IntervalEstimate:
    """A value with the ends of its 95 % interval; None: undefined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


UNKNOWN = IntervalEstimate()


def estimate(value: float, low: float, high: float) -> IntervalEstimate:
    """The three as an estimate; values that are not finite are None."""
    return IntervalEstimate(*(float(x) if isfinite(x) else None for x in (value, low, high)))


def known(value: float) -> float | None:
    """The value, None for NaN."""
    return None if isnan(value) else value


def share(values: Sequence[float], clusters: Sequence[Hashable]) -> IntervalEstimate:
    """`bounded_mean` over problems of values in [0, 1], NaN if unknown; all None without values."""
    found = bounded_mean(values, clusters)
    return estimate(found.mean, found.low, found.high)


def rate(values: Sequence[float], chosen: Sequence[float], clusters: Sequence[Hashable]) -> IntervalEstimate:
    """The mean of `values` among the chosen (1; not chosen: 0). NaN in either is unknown and widens the
    interval.

    At worst an unknown one is chosen and has value 0 wherever possible, at best value 1.
    """
    known = [0.0 if isnan(v) else c for v, c in zip(values, chosen, strict=True)]
    found = share(*where(values, filled(known, 0.0), clusters))
    worlds = []
    for extreme in (0.0, 1.0) if any(map(isnan, (*values, *chosen))) else ():
        ends = filled(values, extreme)
        taken = [float(v == extreme) if isnan(c) else c for v, c in zip(ends, chosen, strict=True)]
        worlds.append(share(*where(ends, taken, clusters)))
    return outer(found, worlds)


def where(
    values: Sequence[float], chosen: Sequence[float], clusters: Sequence[Hashable]
) -> tuple[list[float], list[Hashable]]:
    """The values, and their clusters, of the chosen rows."""
    kept = [i for i, c in enumerate(chosen) if c]
    return [float(values[i]) for i in kept], [clusters[i] for i in kept]


def codes(clusters: Sequence[Hashable]) -> Any:
    """Cluster names as 0..G-1; if there are fewer than two, every problem is its own cluster."""
    return numbered(clusters if len(set(clusters)) > 1 else range(len(clusters)))


def weights_of(clusters: Sequence[Hashable], seed: int, resamples: int = RESAMPLES) -> Draws:
    """How often each problem is drawn, in the same resamples for everything on the same problems.

    Complete clusters are drawn, with replacement.
    """
    return draws(codes(clusters), resamples, seed)
