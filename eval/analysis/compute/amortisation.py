"""Amortisation: the fixed FLOPs of training, spread over queries, against the base model with more samples.

The base must reach the tuned method's accuracy; the cost of that is taken from its curve. Nothing is
extrapolated: a base that does not reach it has no cost and no break-even point.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from eval.analysis.compute.resampled_curves import ResampledCurve, reach

QUERIES = tuple(10.0**e for e in range(10))


@dataclass(frozen=True, slots=True)
class Amortised:
    """A tuned method against the base with more samples, at the tuned method's accuracy at n.

    One query costs `tuned_cost` and `base_cost` (None: the base never reaches the accuracy). `fixed`: FLOPs
    of generating and training. `break_even`: the number of queries from which tuning is cheaper; None if it
    never is, or without a `base_cost`. `curve`: (queries, tuned cost per query with its share of `fixed`).
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
    """The smallest number of queries at which fixed + q tuned <= q base; None if there is none."""
    return None if base is None or base <= tuned else ceil(fixed / (base - tuned))
