"""A method's accuracy-cost curve, its area, and what it costs to reach an accuracy.

Between two points a curve is a straight line in log10 cost. Its points stand in order of cost. The area is
the mean height over the range of cost that the compared curves share; a single point has no area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.analysis.inputs.tables import Group, MethodSeries
from eval.analysis.shape import AreaDifference, Curve, CurvePoint
from lab.statistics.bootstrap import Draws, Means, bounded, draws, together
from lab.statistics.bounds import apart, hull
from lab.statistics.proportion import proportion


@dataclass(frozen=True, slots=True)
class ResampledCurve:
    """A curve and its resamples: row 0 is the data, the others the draws; (1 + resamples, points) arrays.

    `of`: (problems,) the cluster of each. `worlds`: the same points with all missing answers wrong, and
    right; () where none of the group's is.
    """

    series: MethodSeries
    ns: tuple[int, ...]
    origins: tuple[str, ...]
    log_cost: Any
    accuracy: Any
    of: Any
    worlds: tuple[ResampledCurve, ...] = ()

    @property
    def groups(self) -> int:
        """How many clusters there are."""
        return len(self.sizes)

    @property
    def sizes(self) -> Any:
        """(clusters,) how many problems each has."""
        import numpy as np

        return np.unique(self.of, return_counts=True)[1]

    def accuracies(self, i: int) -> Any:
        """(problems,) the accuracies of the i-th point."""
        return self.series.accuracy[:, self.series.ns.index(self.ns[i])]

    def ends(self, i: int) -> tuple[float, float]:
        """The interval of the accuracy of the i-th point: a proportion's."""
        import numpy as np

        values = self.accuracies(i)
        known = ~np.isnan(values)
        return proportion(values[known].tolist(), self.of[known].tolist())


def drawn_curves(group: Group, resamples: int, seed: int) -> list[ResampledCurve]:
    """Every method's curve under the same draws of the group's clusters; points without cost are left out."""
    import numpy as np

    found = []
    worlds = [_resampled(world, resamples, seed) for world in group.worlds()]
    for i, (series, cost, accuracy, of) in enumerate(_resampled(group, resamples, seed)):
        order = [int(n) for n in np.argsort(cost[0], kind="stable") if (cost[:, n] > 0).all()]
        others = tuple(_drawn(*world[i], order) for world in worlds)
        found.append(replace(_drawn(series, cost, accuracy, of, order), worlds=others))
    return [curve for curve in found if curve.ns]


def _resampled(group: Group, resamples: int, seed: int) -> list[tuple[MethodSeries, Any, Any, Any]]:
    """Every series with its costs and accuracies under all draws, and the clusters drawn from."""
    import numpy as np

    drawn = draws(group.clusters, resamples, seed)
    sums = [(_means(s.cost, drawn), _means(s.accuracy, drawn)) for s in group.series]
    blocks: list[list[tuple[Any, Any]]] = [[] for _ in group.series]
    for block in drawn.clusters():
        counts = block.astype(float)
        for parts, (cost, accuracy) in zip(blocks, sums, strict=True):
            parts.append((cost.under(counts), accuracy.under(counts)))
    whole = ([np.concatenate(column) for column in zip(*parts, strict=True)] for parts in blocks)
    return [(s, *pair, drawn.of) for s, pair in zip(group.series, whole, strict=True)]


def _means(values: Any, drawn: Draws) -> Means:
    return Means(values, drawn.of, drawn.groups)


def _drawn(series: MethodSeries, cost: Any, accuracy: Any, of: Any, order: Sequence[int]) -> ResampledCurve:
    """The curve of these points of a series."""
    import numpy as np

    ns, origins = tuple(series.ns[i] for i in order), tuple(series.origins[i] for i in order)
    return ResampledCurve(series, ns, origins, np.log10(cost[:, order]), accuracy[:, order], of)


def area(log_cost: Any, accuracy: Any, low: float, high: float) -> float:
    """Mean accuracy between two log10 costs, exactly (trapezoids over the curve's own points).

    A curve that ends inside the range keeps its end's accuracy.
    """
    import numpy as np

    x = np.concatenate([[low], np.clip(log_cost, low, high), [high]])
    order = np.argsort(log_cost, kind="stable")
    x.sort()
    return float(np.trapezoid(np.interp(x, log_cost[order], accuracy[order]), x) / (high - low))


def shared_range(curves: Sequence[ResampledCurve]) -> tuple[float, float] | None:
    """The log10 costs that all curves of two or more points span; None without any."""
    several = [c.log_cost[0] for c in curves if len(c.ns) > 1]
    if not several:
        return None
    low, high = max(x.min() for x in several), min(x.max() for x in several)
    return (float(low), float(high)) if low < high else None


@dataclass(frozen=True, slots=True)
class Area:
    """A curve's area in the data and in every draw, and in the `worlds` of the curve."""

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


def area_differences(group: Group, found: Areas, references: dict[str, str]) -> list[AreaDifference]:
    """Area of every method minus that of its reference (`references`: method id -> method id)."""
    pairs = [(m, r) for m in found if (r := references.get(m, "")) in found and r != m]
    return [AreaDifference(group.task, m, r, *_difference(found[m], found[r])) for m, r in pairs]


def _difference(mine: Area, other: Area) -> tuple[float, float, float]:
    """One area minus another, with the ends of its interval."""
    ends = [together(a.values, b.values, a.ends(), b.ends()) for a, b in apart(mine, other)]
    return float(mine.values[0] - other.values[0]), *hull(ends)


def reach(log_cost: Any, accuracy: Any, target: Any) -> Any:
    """log10 cost at which each row's curve first has `target` (one per row); +inf where it never does.

    Linear between points; a curve that starts there costs its first point (at most).
    """
    import numpy as np

    there = accuracy >= np.asarray(target)[:, None] - 1e-12
    first = there.argmax(axis=1)
    row, before = np.arange(len(accuracy)), np.maximum(first - 1, 0)
    x0, x1, y0, y1 = log_cost[row, before], log_cost[row, first], accuracy[row, before], accuracy[row, first]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(first > 0, (target - y0) / np.where(y1 > y0, y1 - y0, 1.0), 1.0)
    return np.where(there.any(axis=1), x0 + np.clip(part, 0.0, 1.0) * (x1 - x0), np.inf)
