"""The methods' curves as rows: points in order of cost with their intervals, and the area of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.analysis.compute.areas import Area, Areas, shared_range
from eval.analysis.compute.resampled_curves import ResampledCurve
from eval.analysis.inputs.outcomes import Group
from lab.statistics.bounds import apart, hull


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Mean accuracy and mean cost at n; intervals from the same resamples as everything on the curve."""

    n: int
    origin: str
    cost: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A method's points in order of cost, on the problems that all compared methods have scored.

    `area`: mean height of accuracy over log10 cost between `area_from` and `area_to`, the range that all
    curves with two or more points share; None for a single point or without such a range.
    """

    task: str
    method: str
    problems: int
    clusters: int
    points: tuple[CurvePoint, ...]
    area: float | None
    area_low: float | None
    area_high: float | None
    area_from: float | None
    area_to: float | None


def rows(group: Group, curves: Sequence[ResampledCurve], found: Areas) -> list[Curve]:
    """The curves as rows, with the intervals of their points and areas."""
    span = shared_range(curves)
    return [_row(group, curve, found.get(curve.series.method.id), span) for curve in curves]


def _row(group: Group, curve: ResampledCurve, area_: Area | None, span: tuple[float, float] | None) -> Curve:
    points = []
    for i, (n, origin) in enumerate(zip(curve.ns, curve.origins, strict=True)):
        low, high = hull([c.ends(i) for (c,) in apart(curve)])
        cost = float(10 ** curve.log_cost[0, i])
        points.append(CurvePoint(n, origin, cost, float(curve.accuracy[0, i]), low, high))
    head = (group.task, curve.series.method.id, len(group.problems), curve.groups, tuple(points))
    if area_ is None or span is None:
        return Curve(*head, None, None, None, None, None)
    ends = hull([a.ends() for (a,) in apart(area_)])
    return Curve(*head, float(area_.values[0]), *ends, 10 ** span[0], 10 ** span[1])
