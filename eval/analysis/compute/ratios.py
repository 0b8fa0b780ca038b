"""Ratios of compute: A reaches B's accuracy with x times less compute, with an interval over problems.

The target is B's accuracy at its best point, so it varies with the resampled problems, as does B's cost. If A
does not reach it in a resample, its compute there is unbounded and the ratio counts as 0. If an end of the
interval lies among such resamples, the interval is open at that end (None). Nothing is extrapolated beyond a
curve's last point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from eval.analysis.compute.resampled_curves import ResampledCurve, reach
from lab.statistics.bootstrap import interval
from lab.statistics.bounds import apart, hull

Aim = Callable[[ResampledCurve], tuple[Any, Any]]
"""For B: the target accuracy per resample, and its log10 cost there."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`method` reaches `accuracy` with `ratio` times less compute than `reference` (below 1: it needs more).

    `at`: "best" = the reference's best point (its n is `n`), "stated" = a stated accuracy. `ratio` is None if
    one of them does not reach it (`cost` or `reference_cost` is None then). `low` None: the interval is open
    towards 0, because `method` may never reach it; `high` None: open upwards. `not_reached`: the share of
    resamples in which `method` does not reach it, `reference_not_reached` in which the reference does not.
    `at_most`: the cheapest point of `method` already reaches it, so that its cost is an upper bound and the
    ratio a lower one; `reference_at_most` likewise for the reference.
    """

    task: str
    method: str
    reference: str
    at: str
    n: int | None
    accuracy: float
    cost: float | None
    reference_cost: float | None
    ratio: float | None
    low: float | None
    high: float | None
    not_reached: float
    reference_not_reached: float
    at_most: bool
    reference_at_most: bool


def at_best(task: str, a: ResampledCurve, b: ResampledCurve) -> Ratio:
    """A against B at B's best accuracy (the cheapest of its best points)."""
    import numpy as np

    best = int(np.argmax(b.accuracy[0]))
    return _ratio(task, a, b, lambda side: (side.accuracy[:, best], side.log_cost[:, best]), b.ns[best])


def at_stated(task: str, a: ResampledCurve, b: ResampledCurve, accuracy: float) -> Ratio:
    """A against B at a stated accuracy."""
    import numpy as np

    def stated(side: ResampledCurve) -> tuple[Any, Any]:
        target = np.full(len(side.accuracy), accuracy)
        return target, reach(side.log_cost, side.accuracy, target)

    return _ratio(task, a, b, stated, None)


def _ratio(task: str, a: ResampledCurve, b: ResampledCurve, aim: Aim, n: int | None) -> Ratio:
    """The row; its interval is the outermost of those with missing answers wrong or right on either side."""
    import numpy as np

    target, theirs = aim(b)
    mine = reach(a.log_cost, a.accuracy, target)
    low, high = hull([_ends(x, *aim(y)) for x, y in apart(a, b)])
    with np.errstate(invalid="ignore"):
        log_ratio = theirs - mine
    return Ratio(
        task=task,
        method=a.series.method.id,
        reference=b.series.method.id,
        at="best" if n is not None else "stated",
        n=n,
        accuracy=float(target[0]),
        cost=_power(mine[0]),
        reference_cost=_power(theirs[0]),
        ratio=_power(log_ratio[0]),
        low=_power(low),
        high=_power(high),
        not_reached=float(np.isinf(mine[1:]).mean()),
        reference_not_reached=float(np.isinf(theirs[1:]).mean()),
        at_most=bool(a.accuracy[0, 0] >= target[0] - 1e-12),
        reference_at_most=n is None and bool(b.accuracy[0, 0] >= target[0] - 1e-12),
    )


def _ends(a: ResampledCurve, target: Any, theirs: Any) -> tuple[float, float]:
    """The interval of the log10 ratio: -inf if A never reaches it, +inf if B does not; neither: both.

    Row 0 is the data.
    """
    import numpy as np

    with np.errstate(invalid="ignore"):
        drawn = theirs[1:] - reach(a.log_cost, a.accuracy, target)[1:]
    neither = np.isnan(drawn)
    low = interval(np.where(neither, -np.inf, drawn), a.groups)[0]
    return low, interval(np.where(neither, np.inf, drawn), a.groups)[1]


def _power(log10: float) -> float | None:
    return float(10**log10) if isfinite(log10) else None
