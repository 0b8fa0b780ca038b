"""The area under a method's curve of accuracy over log10 cost.

The area is the mean height over the range of cost that the compared curves share; a single point has no area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.compute.resampled_curves import ResampledCurve
from eval.analysis.inputs.outcomes import Group
from lab.statistics.bootstrap import bounded, together
from lab.statistics.bounds import apart, hull


@dataclass(frozen=True, slots=True)
class AreaDifference:
    """Area of `method` minus area of `reference`, paired."""

    task: str
    method: str
    reference: str
    difference: float
    low: float
    high: float


def area(log_cost: Any, accuracy: Any, low: float, high: float) -> float:
    """Mean accuracy between two log10 costs, exactly (trapezoids between the curve's points).

    A curve that ends inside the range keeps the accuracy of its end.
    """
    import numpy as np

    x = np.concatenate([[low], np.clip(log_cost, low, high), [high]])
    order = np.argsort(log_cost, kind="stable")
    x.sort()
    return float(np.trapezoid(np.interp(x, log_cost[order], accuracy[order]), x) / (high - low))


def shared_range(curves: Sequence[ResampledCurve]) -> tuple[float, float] | None:
    """The log10 costs that all curves with two or more points cover; None if there are none."""
    several = [c.log_cost[0] for c in curves if len(c.ns) > 1]
    if not several:
        return None
    low, high = max(x.min() for x in several), min(x.max() for x in several)
    return (float(low), float(high)) if low < high else None


@dataclass(frozen=True, slots=True)
class Area:
    """A curve's area in the data and in every resample, and in the `worlds` of the curve."""

    values: Any
    sizes: Any
    worlds: tuple[Area, ...] = ()

    def ends(self) -> tuple[float, float]:
        """Its interval."""
        return bounded(self.values, float(self.sizes.sum()), self.sizes)


Areas = Mapping[str, Area]
"""method id -> its area."""


def areas(curves: Sequence[ResampledCurve]) -> Areas:
    """The area of every curve of several points, over the shared range (that of the data)."""
    span = shared_range(curves)
    if span is None:
        return {}
    return {c.series.method.id: _area(c, span) for c in curves if len(c.ns) > 1}


def _area(curve: ResampledCurve, span: tuple[float, float]) -> Area:
    import numpy as np

    values = [area(x, y, *span) for x, y in zip(curve.log_cost, curve.accuracy, strict=True)]
    return Area(np.array(values), curve.sizes, tuple(_area(world, span) for world in curve.worlds))


def area_differences(group: Group, found: Areas, references: dict[str, str]) -> list[AreaDifference]:
    """Area of every method minus that of its reference (`references`: method id -> method id)."""
    pairs = [(m, r) for m in found if (r := references.get(m, "")) in found and r != m]
    return [AreaDifference(group.task, m, r, *_difference(found[m], found[r])) for m, r in pairs]


def _difference(mine: Area, other: Area) -> tuple[float, float, float]:
    """The difference of two areas, with its interval."""
    ends = [together(a.values, b.values, a.ends(), b.ends()) for a, b in apart(mine, other)]
    return float(mine.values[0] - other.values[0]), *hull(ends)
