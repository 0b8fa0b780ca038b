"""The Pareto front: the points for which no other point is both cheaper (or equal) and better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.analysis.compute.curves import Curve


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A point for which no other is both cheaper (or equal) and better; ceilings are excluded."""

    task: str
    method: str
    n: int
    cost: float
    accuracy: float


def front(curves: Sequence[Curve], ceilings: frozenset[str]) -> list[FrontPoint]:
    """One task's Pareto front over all points, by increasing cost; methods in `ceilings` are excluded.

    Of points with equal cost and accuracy the first is kept; a more expensive point with equal accuracy is
    not.
    """
    points = [
        FrontPoint(c.task, c.method, p.n, p.cost, p.accuracy)
        for c in curves
        if c.method not in ceilings
        for p in c.points
    ]
    best, kept = -1.0, []
    for point in sorted(points, key=lambda p: (p.cost, -p.accuracy)):
        if point.accuracy > best:
            best = point.accuracy
            kept.append(point)
    return kept
