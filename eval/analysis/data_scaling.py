"""Accuracy against the number of training examples: a saturating power law, and where it flattens.

accuracy(n) = a - b n^-c with 0 <= b, a <= 1, by least squares over a grid of exponents c. Intervals come from
resampling problems (paired over the sizes, training seeds averaged first). Held out: the law is fitted
without the largest size and asked for it. It is called flat from the n on at which twice the data gains less
than GAIN; a law with four sizes has one degree of freedom left, so the interval matters more than the point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.resample import draws, interval, means

GAIN = 0.01
"""Flat: doubling the data gains less accuracy than this."""
FEWEST = 4
"""Sizes a fit needs."""
RESAMPLES = 1_000
DRAWN = 48


@dataclass(frozen=True, slots=True)
class Size:
    """Mean accuracy at `n` training examples over `seeds` trainings, 95 % interval over problems."""

    n: int
    accuracy: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True, slots=True)
class DataScaling:
    """The fitted law of one method on one task. Intervals are (low, high); `flat` is infinite where never.

    `drawn` are points of the law for a picture. `error` = predicted - observed at the largest size.
    """

    task: str
    family: str
    method: str
    problems: int
    sizes: tuple[Size, ...]
    a: float
    a_low: float
    a_high: float
    b: float
    c: float
    flat: float
    flat_low: float
    flat_high: float
    predicted: float
    observed: float
    error: float
    drawn: tuple[tuple[float, float], ...]

    @property
    def flattened(self) -> bool:
        """Whether it is shown to be flat within the sizes that were trained."""
        return self.flat_high <= self.sizes[-1].n


Results = Mapping[str, tuple[float, str]]
"""Problem id -> (correctness, cluster)."""


def data_scaling(
    task: str, family: str, method: str, results: Sequence[tuple[int, Results]], *, seed: int = 0
) -> DataScaling | None:
    """Fit trainings, (number of examples, results); None below FEWEST sizes or without a shared problem.

    Several results of one size are training seeds.
    """
    import numpy as np

    sizes = sorted({n for n, _ in results})
    shared = sorted(set.intersection(*(set(found) for _, found in results))) if results else []
    if len(sizes) < FEWEST or not shared:
        return None
    values = np.array([_mean_over_seeds(results, n, shared) for n in sizes]).T
    clusters = _codes([results[0][1][id][1] for id in shared])
    drawn = means(values, draws(clusters, RESAMPLES, seed))[1:]
    observed = values.mean(axis=0)
    ns, groups = np.array(sizes, dtype=float), len(np.unique(clusters))
    a, b, c = (float(x[0]) for x in fit(ns, observed[None]))
    laws = fit(ns, drawn)
    early = fit(ns[:-1], observed[None, :-1])
    predicted = float(early[0][0] - early[1][0] * ns[-1] ** -early[2][0])
    xs = np.geomspace(ns[0], 4 * ns[-1], DRAWN)
    return DataScaling(
        task,
        family,
        method,
        len(shared),
        tuple(
            Size(n, float(observed[i]), *interval(drawn[:, i], groups), sum(m == n for m, _ in results))
            for i, n in enumerate(sizes)
        ),
        a,
        *interval(laws[0], groups),
        b,
        c,
        float(flat_from(np.array([b]), np.array([c]))[0]),
        *interval(flat_from(laws[1], laws[2]), groups),
        predicted,
        float(observed[-1]),
        predicted - float(observed[-1]),
        tuple((float(x), float(a - b * x**-c)) for x in xs),
    )


def fit(ns: Any, accuracies: Any) -> tuple[Any, Any, Any]:
    """(a, b, c), each (rows,), of rows of accuracies (rows, sizes) at the sizes `ns`.

    For a given c the law is a straight line in n^-c; the best c of a grid from 0.05 to 4 is taken.
    """
    import numpy as np

    best = np.full(len(accuracies), np.inf)
    a, b, c = (np.zeros(len(accuracies)) for _ in range(3))
    for exponent in np.geomspace(0.05, 4.0, 80):
        x = ns**-exponent
        slope, level = _line(x, accuracies)
        errors = ((level[:, None] - slope[:, None] * x - accuracies) ** 2).sum(axis=1)
        better = errors < best - 1e-15
        best = np.where(better, errors, best)
        a, b = np.where(better, level, a), np.where(better, slope, b)
        c = np.where(better, exponent, c)
    return a, b, c


def flat_from(b: Any, c: Any) -> Any:
    """The n from which doubling gains less than GAIN: b n^-c (1 - 2^-c) = GAIN; 1 where it never gains."""
    import numpy as np

    gain = b * (1 - 2.0**-c) / GAIN
    return np.where(gain > 0, np.maximum(1.0, np.exp(np.log(np.maximum(gain, 1e-300)) / c)), 1.0)


def _line(x: Any, y: Any) -> tuple[Any, Any]:
    """(b, a) of y = a - b x by least squares under b >= 0 and a <= 1."""
    import numpy as np

    centred, means_ = x - x.mean(), y.mean(axis=1)
    slope = np.maximum(0.0, -(y @ centred) / (centred @ centred))
    level = means_ + slope * x.mean()
    capped = np.maximum(0.0, ((1 - y) @ x) / (x @ x))
    return np.where(level > 1, capped, slope), np.minimum(level, 1.0)


def _mean_over_seeds(results: Sequence[tuple[int, Results]], n: int, shared: Sequence[str]) -> list[float]:
    mine = [found for m, found in results if m == n]
    return [sum(found[id][0] for found in mine) / len(mine) for id in shared]


def _codes(names: Sequence[str]) -> Any:
    import numpy as np

    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])
