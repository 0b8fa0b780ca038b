"""Widens intervals for missing answers: the interval covers every value they could have had.

A missing answer (NaN) is one that failed or that the checker could not judge. It is left out of the mean. The
lower end is computed with all missing answers at their worst, the upper end with all at their best. If
nothing is missing, the interval is unchanged.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import product
from math import isnan
from typing import Any, Protocol, Self, TypeVar

from lab.statistics.bootstrap import RESAMPLES
from lab.statistics.means import Difference, Interval, mean_interval, paired_difference

Clusters = Sequence[Hashable] | None


def filled(values: Sequence[float], missing: float) -> list[float]:
    """The values with NaN replaced by `missing`."""
    return [missing if isnan(v) else v for v in values]


def bounded_mean(values: Sequence[float], clusters: Clusters = None) -> Interval:
    """`mean_interval` of the known values, widened for the missing ones (NaN)."""
    kept = [i for i, v in enumerate(values) if not isnan(v)]
    names = None if clusters is None else [clusters[i] for i in kept]
    found = mean_interval([values[i] for i in kept], names)
    if not kept or len(kept) == len(values):
        return found
    return widened(found, *(mean_interval(filled(values, gap), clusters) for gap in (0.0, 1.0)))


def widened(found: Interval, *worlds: Interval) -> Interval:
    """`found` with the outermost ends of all the intervals."""
    every = (found, *worlds)
    return replace(found, low=min(i.low for i in every), high=max(i.high for i in every))


def bounded_difference(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Clusters = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """`paired_difference` over the problems known on both sides, widened for those that are NaN on one."""
    kept = [i for i in range(len(a)) if not (isnan(a[i]) or isnan(b[i]))]
    names = None if clusters is None else [clusters[i] for i in kept]
    left, right = [a[i] for i in kept], [b[i] for i in kept]
    found = paired_difference(left, right, names, seed=seed, resamples=resamples)
    if not kept or len(kept) == len(a):
        return found
    return widened_difference(found, a, b, clusters, seed=seed, resamples=resamples)


def widened_difference(
    found: Difference,
    a: Sequence[float],
    b: Sequence[float],
    clusters: Clusters = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """`found` with the outermost ends of b - a if all missing answers count against b, and if all count for
    b.

    p is the largest of the three; 1 if these two disagree about which side is better.
    """
    least, most = (
        paired_difference(filled(a, gap), filled(b, 1 - gap), clusters, seed=seed, resamples=resamples)
        for gap in (1.0, 0.0)
    )
    low, high = min(found.low, least.low), max(found.high, most.high)
    agree = least.mean > 0 or most.mean < 0
    return replace(found, low=low, high=high, p=max(found.p, least.p, most.p) if agree else 1.0)


class Bounded(Protocol):
    """A result computed from answers. `worlds`: the same with all missing answers wrong, and all right."""

    @property
    def worlds(self) -> tuple[Self, ...]: ...


Sides = TypeVar("Sides", bound=Bounded)
Row = TypeVar("Row")


def apart(*sides: Sides) -> Iterator[tuple[Sides, ...]]:
    """Yields the sides as measured, then with the missing answers of each side all wrong or all right, in
    every combination.
    """
    yield sides
    if any(side.worlds for side in sides):
        yield from product(*(side.worlds or (side,) for side in sides))


def hull(ends: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The outermost ends of the intervals; (NaN, NaN) if the first one, the measured one, is NaN."""
    if isnan(ends[0][0]):
        return ends[0]
    known = [e for e in ends if not isnan(e[0])]
    return min(low for low, _ in known), max(high for _, high in known)


def outer(row: Row, worlds: Sequence[Any]) -> Row:
    """A copy of a frozen row in which every `low` and `high`, at any depth, is the outermost of its own and
    the `worlds`'.

    A None in the row stays None. Tuples are compared element by element if all have the same length.
    """
    if not worlds or not is_dataclass(row):
        return row
    found = {}
    for name in (f.name for f in fields(row)):
        mine, others = getattr(row, name), [getattr(world, name) for world in worlds]
        if name in _ENDS and mine is not None:
            found[name] = _ENDS[name](x for x in (mine, *others) if x is not None)
        elif is_dataclass(mine):
            found[name] = outer(mine, others)
        elif isinstance(mine, tuple) and all(len(o) == len(mine) for o in others):
            found[name] = tuple(outer(m, o) for m, *o in zip(mine, *others, strict=True))
    return replace(row, **found)  # type: ignore[type-var]


_ENDS: dict[str, Any] = {"low": min, "high": max}
