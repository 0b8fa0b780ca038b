"""A reaches B's accuracy at x times less compute, with the interval the problems allow.

The target is B's accuracy at its best point, so it moves with the problems drawn, as does what B paid. Where
A does not reach it in a draw, its compute there is unbounded and the ratio counts as 0: an interval whose
end lies among such draws is open at that end (None). Nothing is extrapolated beyond a curve's last point.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from eval.analysis.curves import Drawn, reach
from eval.analysis.resample import interval
from eval.analysis.shape import Ratio


def at_best(task: str, a: Drawn, b: Drawn) -> Ratio:
    """A against B at B's best accuracy (the cheapest of its best points)."""
    import numpy as np

    best = int(np.argmax(b.accuracy[0]))
    return _ratio(task, a, b, b.accuracy[:, best], b.log_cost[:, best], b.ns[best])


def at_stated(task: str, a: Drawn, b: Drawn, accuracy: float) -> Ratio:
    """A against B at a stated accuracy."""
    import numpy as np

    target = np.full(len(b.accuracy), accuracy)
    return _ratio(task, a, b, target, reach(b.log_cost, b.accuracy, target), None)


def _ratio(task: str, a: Drawn, b: Drawn, target: Any, theirs: Any, n: int | None) -> Ratio:
    """`target`: accuracy per draw; `theirs`: B's log10 cost there; row 0 is the data."""
    import numpy as np

    mine = reach(a.log_cost, a.accuracy, target)
    with np.errstate(invalid="ignore"):
        log_ratio = theirs - mine  # -inf: A never gets there; +inf: B never; NaN: neither
    neither = np.isnan(log_ratio[1:])
    low = interval(np.where(neither, -np.inf, log_ratio[1:]), a.groups)[0]
    high = interval(np.where(neither, np.inf, log_ratio[1:]), a.groups)[1]
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


def _power(log10: float) -> float | None:
    return float(10**log10) if isfinite(log10) else None
