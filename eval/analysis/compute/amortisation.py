"""When does tuning pay? Its fixed FLOPs spread over queries, against the base model with more samples.

The base has to reach the tuned method's accuracy; what it pays for that is read off its curve. Nothing is
extrapolated: a base that does not get there has no cost and no break-even.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from eval.analysis.compute.resampled_curves import ResampledCurve, reach

QUERIES = tuple(10.0**e for e in range(10))


@dataclass(frozen=True, slots=True)
class Amortised:
    """Tuned against base with more samples, at the tuned method's accuracy at n.

    One query costs `tuned_cost` against `base_cost` (None: the base never gets there). `fixed`: FLOPs of
    generating and training. `break_even`: queries from which tuning is the cheaper; None where it never is
    and where there is no `base_cost` to compare with. `curve`: (queries,
    tuned cost per query with its share of `fixed`).
    """

    task: str
    method: str
    reference: str
    n: int
    accuracy: float
    fixed: float
    tuned_cost: float
    base_cost: float | None
    break_even: int | None
    curve: tuple[tuple[float, float], ...]


def amortised(task: str, tuned: ResampledCurve, base: ResampledCurve, fixed: float) -> Amortised:
    """The tuned method at its best n against `base`; `fixed` and the curves' cost are FLOPs."""
    best = int(tuned.accuracy[0].argmax())
    target = tuned.accuracy[:1, best]
    cost = float(10 ** tuned.log_cost[0, best])
    log_base = float(reach(base.log_cost[:1], base.accuracy[:1], target)[0])
    other = None if log_base == float("inf") else 10**log_base
    return Amortised(
        task=task,
        method=tuned.series.method.id,
        reference=base.series.method.id,
        n=tuned.ns[best],
        accuracy=float(target[0]),
        fixed=fixed,
        tuned_cost=cost,
        base_cost=other,
        break_even=break_even(fixed, cost, other),
        curve=tuple((q, cost + fixed / q) for q in QUERIES),
    )


def break_even(fixed: float, tuned: float, base: float | None) -> int | None:
    """Least number of queries at which fixed + q tuned <= q base; None where there is none."""
    return None if base is None or base <= tuned else ceil(fixed / (base - tuned))
