"""A majority vote over canonical answers: the class with the largest total weight wins.

Votes are for canonical values, never for strings or (value, score) pairs. Unparsed answers cast no vote. A
tie goes to the class sampled first, so that the result does not depend on hashing or timing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

TIE = 1e-12
"""Sums with a smaller relative difference are tied, because weights are added in different orders."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """`winner`: position of the first candidate of the winning class (None: no votes); `weight`: that class's
    total weight; `total`: the weight of all votes.
    """

    winner: int | None
    weight: float
    total: float


def vote(values: Sequence[str | None], weights: Sequence[float]) -> Ballot:
    """The class with the largest total weight; `values` and `weights` are in sample order.

    Raises ValueError for a weight outside [0, 1]: with log-probabilities, more votes would count less.
    """
    if wrong := [w for w in weights if not 0.0 <= w <= 1.0]:
        raise ValueError(f"the weight of a vote must be in [0, 1], found {wrong[0]}")
    classes: dict[str, list[float]] = {}
    for value, weight in zip(values, weights, strict=True):
        if value is not None:
            classes.setdefault(value, []).append(weight)
    if not classes:
        return Ballot(None, 0.0, 0.0)
    sums = {value: fsum(ballots) for value, ballots in classes.items()}
    best = max(sums.values())
    winner = next(value for value, weight in sums.items() if weight >= best * (1 - TIE))
    return Ballot(values.index(winner), sums[winner], fsum(sums.values()))
