"""Accuracy against the number of training examples: a saturating power law, and where it levels off.

accuracy(n) = a - b n^-c with 0 <= b, a <= 1, by least squares over a grid of exponents c. Intervals come from
resampling problems (paired over the sizes, training seeds averaged first), with unknown answers all wrong and
all right. Held out: the law is fitted without the largest size and predicts it. The curve counts as flat from
the n at which doubling the data gains less than GAIN. A law with four sizes has one degree of freedom left,
so the interval matters more than the point estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from eval.analysis.generalisation import ProblemResults
from lab.statistics.bootstrap import RESAMPLES, draws, interval, means
from lab.statistics.bounds import bounded_mean, filled, hull

GAIN = 0.01
"""Flat: doubling the data gains less accuracy than this."""
FEWEST = 4
"""Minimum number of sizes for a fit."""
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
    """The fitted law of one method on one task. Intervals are (low, high); `flat` is infinite if it is never
    flat.

    `drawn` are points of the law for a plot. `error` = predicted - observed at the largest size.
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
        """Whether the curve is shown to be flat within the sizes that were trained."""
        return self.flat_high <= self.sizes[-1].n


def data_scaling(
    task: str, family: str, method: str, results: Sequence[tuple[int, ProblemResults]], *, seed: int = 0
) -> DataScaling | None:
    """Fits trainings, (number of examples, results); None for fewer than FEWEST sizes or without a shared
    problem.

    Several results of one size are training seeds.
    """
    import numpy as np

    sizes = sorted({n for n, _ in results})
    every = sorted(set.intersection(*(set(found) for _, found in results))) if results else []
    shared = [id for id in every if not any(isnan(found[id][0]) for _, found in results)]
    if len(sizes) < FEWEST or not shared:
        return None
    missing = (0.0, 1.0) if len(shared) < len(every) else ()
    drawn = [
        _resampled(results, sizes, shared, seed),
        *(_resampled(results, sizes, every, seed, m) for m in missing),
    ]
    ns, observed = np.array(sizes, dtype=float), _values(results, sizes, shared).mean(axis=0)
    accuracies = _values(results, sizes, every)  # NaN if some are unknown: they widen the intervals
    names = [results[0][1][id][1] for id in every]

    def level(i: int) -> tuple[float, float]:
        found = bounded_mean([float(value) for value in accuracies[:, i]], names)
        return found.low, found.high

    a, b, c = (float(x[0]) for x in fit(ns, observed[None]))
    early = fit(ns[:-1], observed[None, :-1])
    predicted = float(early[0][0] - early[1][0] * ns[-1] ** -early[2][0])
    xs = np.geomspace(ns[0], 4 * ns[-1], DRAWN)
    return DataScaling(
        task,
        family,
        method,
        len(shared),
        tuple(
            Size(
                n,
                float(observed[i]),
                *level(i),
                sum(m == n for m, _ in results),
            )
            for i, n in enumerate(sizes)
        ),
        a,
        *hull([interval(d.a, d.groups) for d in drawn]),
        b,
        c,
        float(flat_from(np.array([b]), np.array([c]))[0]),
        *hull([interval(d.flat, d.groups) for d in drawn]),
        predicted,
        float(observed[-1]),
        predicted - float(observed[-1]),
        tuple((float(x), float(a - b * x**-c)) for x in xs),
    )


def fit(ns: Any, accuracies: Any) -> tuple[Any, Any, Any]:
    """(a, b, c), each (rows,), for rows of accuracies (rows, sizes) at the sizes `ns`.

    For a fixed c the law is a straight line in n^-c; the best c of a grid from 0.05 to 4 is used.
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
    """The n from which doubling gains less than GAIN: b n^-c (1 - 2^-c) = GAIN; 1 if it never gains."""
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


@dataclass(frozen=True, slots=True)
class _ResampledFit:
    """The plateau and the flat point of every resample's law."""

    a: Any
    flat: Any
    groups: int


def _resampled(
    results: Sequence[tuple[int, ProblemResults]],
    sizes: Sequence[int],
    ids: Sequence[str],
    seed: int,
    missing: float = nan,
) -> _ResampledFit:
    """The resamples of these problems; an unknown answer counts as `missing`."""
    import numpy as np

    clusters = _codes([results[0][1][id][1] for id in ids])
    values = _values(results, sizes, ids, missing)
    accuracy = means(values, draws(clusters, RESAMPLES, seed))[1:]
    a, b, c = fit(np.array(sizes, dtype=float), accuracy)
    return _ResampledFit(a, flat_from(b, c), len(np.unique(clusters)))


def _values(
    results: Sequence[tuple[int, ProblemResults]],
    sizes: Sequence[int],
    ids: Sequence[str],
    missing: float = nan,
) -> Any:
    """(problems, sizes) correctness, mean over training seeds."""
    import numpy as np

    columns = []
    for n in sizes:
        mine = [filled([found[id][0] for id in ids], missing) for m, found in results if m == n]
        columns.append([sum(values) / len(values) for values in zip(*mine, strict=True)])
    return np.array(columns).T


def _codes(names: Sequence[str]) -> Any:
    import numpy as np

    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])
