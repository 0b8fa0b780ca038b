"""A method's accuracy-cost curve, its area, and what it costs to reach an accuracy.

Between two points a curve is a straight line in log10 cost. Its points stand in order of cost. The area is
the mean height over the range of cost that the compared curves share; a single point has no area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.resample import Draws, Means, draws, interval
from eval.analysis.shape import AreaDifference, Curve, CurvePoint
from eval.analysis.tables import Group, Series


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve and its resamples: row 0 is the data, the others the draws; (1 + resamples, points) arrays."""

    series: Series
    ns: tuple[int, ...]
    origins: tuple[str, ...]
    log_cost: Any
    accuracy: Any
    groups: int


def drawn_curves(group: Group, resamples: int, seed: int) -> list[Drawn]:
    """Every method's curve under the same draws of the group's clusters; points without cost are left out."""
    import numpy as np

    drawn = draws(group.clusters, resamples, seed)
    sums = [(_means(s.cost, drawn), _means(s.accuracy, drawn)) for s in group.series]
    blocks: list[list[tuple[Any, Any]]] = [[] for _ in group.series]
    for block in drawn.clusters():
        counts = block.astype(float)
        for parts, (cost, accuracy) in zip(blocks, sums, strict=True):
            parts.append((cost.under(counts), accuracy.under(counts)))
    whole = ([np.concatenate(column) for column in zip(*parts, strict=True)] for parts in blocks)
    found = (_drawn(s, pair[0], pair[1], drawn.groups) for s, pair in zip(group.series, whole, strict=True))
    return [curve for curve in found if curve.ns]


def _means(values: Any, drawn: Draws) -> Means:
    return Means(values, drawn.of, drawn.groups)


def _drawn(series: Series, cost: Any, accuracy: Any, groups: int) -> Drawn:
    import numpy as np

    order = [int(i) for i in np.argsort(cost[0], kind="stable") if (cost[:, i] > 0).all()]
    ns, origins = tuple(series.ns[i] for i in order), tuple(series.origins[i] for i in order)
    return Drawn(series, ns, origins, np.log10(cost[:, order]), accuracy[:, order], groups)


def area(log_cost: Any, accuracy: Any, low: float, high: float) -> float:
    """Mean accuracy between two log10 costs, exactly (trapezoids over the curve's own points).

    A curve that ends inside the range keeps its end's accuracy.
    """
    import numpy as np

    x = np.concatenate([[low], np.clip(log_cost, low, high), [high]])
    order = np.argsort(log_cost, kind="stable")
    x.sort()
    return float(np.trapezoid(np.interp(x, log_cost[order], accuracy[order]), x) / (high - low))


def shared_range(curves: Sequence[Drawn]) -> tuple[float, float] | None:
    """The log10 costs that all curves of two or more points span; None without any."""
    several = [c.log_cost[0] for c in curves if len(c.ns) > 1]
    if not several:
        return None
    low, high = max(x.min() for x in several), min(x.max() for x in several)
    return (float(low), float(high)) if low < high else None


def areas(curves: Sequence[Drawn]) -> dict[str, Any]:
    """method id -> its area in the data and in every draw, over the shared range (that of the data)."""
    import numpy as np

    span = shared_range(curves)
    if span is None:
        return {}
    return {
        c.series.method.id: np.array([area(x, y, *span) for x, y in zip(c.log_cost, c.accuracy, strict=True)])
        for c in curves
        if len(c.ns) > 1
    }


def rows(group: Group, curves: Sequence[Drawn], found: dict[str, Any]) -> list[Curve]:
    """The curves as rows, with the intervals of their points and areas."""
    span = shared_range(curves)
    return [_row(group, curve, found.get(curve.series.method.id), span) for curve in curves]


def _row(group: Group, curve: Drawn, area_: Any, span: tuple[float, float] | None) -> Curve:
    points = []
    for i, (n, origin) in enumerate(zip(curve.ns, curve.origins, strict=True)):
        low, high = interval(curve.accuracy[1:, i], curve.groups)
        cost = float(10 ** curve.log_cost[0, i])
        points.append(CurvePoint(n, origin, cost, float(curve.accuracy[0, i]), low, high))
    head = (group.task, curve.series.method.id, len(group.problems), curve.groups, tuple(points))
    if area_ is None or span is None:
        return Curve(*head, None, None, None, None, None)
    return Curve(*head, float(area_[0]), *interval(area_[1:], curve.groups), 10 ** span[0], 10 ** span[1])


def area_differences(
    group: Group, found: dict[str, Any], groups: int, references: dict[str, str]
) -> list[AreaDifference]:
    """Area of every method minus that of its reference (`references`: method id -> method id)."""
    return [
        AreaDifference(
            group.task, m, r, float(mine[0] - found[r][0]), *interval(mine[1:] - found[r][1:], groups)
        )
        for m, mine in found.items()
        if (r := references.get(m, "")) in found and r != m
    ]


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
