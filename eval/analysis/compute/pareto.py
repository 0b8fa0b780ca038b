"""The points worth paying for: no other point is both at most as dear and better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.analysis.compute.curves import Curve


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A point that no other is both cheaper (or equal) and better than; ceilings do not compete."""

    task: str
    method: str
    n: int
    cost: float
    accuracy: float


def front(curves: Sequence[Curve], ceilings: frozenset[str]) -> list[FrontPoint]:
    """One task's Pareto front over all points, by rising cost; methods in `ceilings` do not compete.

    Of points equal in cost and accuracy the first stands; a more expensive point of equal accuracy does not.
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
