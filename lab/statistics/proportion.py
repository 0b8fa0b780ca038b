"""The 95 % confidence interval of a proportion: Wilson's, with the effective sample size for clusters.

Problems of one cluster carry less information than as many independent ones. If D is the design effect, the
factor by which clusters inflate the variance of the mean over p (1 - p) / n, then n problems count as n / D
(Korn and Graubard 1998; Dean and Pagano 2015 compare such intervals). A few clusters, or a few successes,
give a poor estimate of D. It is therefore a weighted mean of the estimate from the data and of the value for
an assumed intraclass correlation ICC, as in moderated variances (Smyth 2004). Without any success it is the
assumed value.

One more success never lowers an end. An estimated D alone would allow that, because the success may make the
clusters more alike. Each end is therefore the highest that any arrangement of fewer successes would give. (If
values between 0 and 1 become 1, the lower end may fall a little: by at most 0.01 in our tests.)
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.statistics.distributions import t_quantile

ICC = 0.25
"""The intraclass correlation that is assumed if the clusters give no information about it."""
DOUBT = 4.0
"""The weight of that assumption, in degrees of freedom."""
DOUBT_ALONE = 2.0
"""The same for problems without clusters, where D is 1 for right and wrong answers and less for values in
between.
"""
SHIFT = 0.3
"""The continuity correction, in effective problems. It keeps the coverage above 93 % with few successes."""
CELLS = 50_000
"""The largest number of totals with fewer successes, times kinds of clusters, that are examined."""


def proportion(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> tuple[float, float]:
    """(low, high) for the mean of per-problem values in [0, 1]. `clusters` names the cluster of each problem.

    Clusters are used if there are at least two and fewer than problems. Raises ValueError if there are no
    values.
    """
    import numpy as np

    found = np.asarray(values, dtype=float)
    codes = codes_of(clusters, len(found))
    return ends_of(found, np.arange(len(found)) if codes is None else codes)


def codes_of(clusters: Sequence[Hashable] | None, n: int) -> Any:
    """`numbered` clusters of n problems; None if there are fewer than 2, or n of them."""
    codes = None if clusters is None else numbered(clusters)
    return codes if codes is not None and 2 <= len(set(codes.tolist())) < n else None


def numbered(clusters: Sequence[Hashable]) -> Any:
    """Cluster names as codes 0 to G - 1, in order of first appearance."""
    import numpy as np

    numbers = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    return np.array([numbers[name] for name in clusters], dtype=int)


def ends_of(values: Any, codes: Any, level: float = 0.95, unit: float = 1.0) -> tuple[float, float]:
    """(low, high) for values in clusters `codes`, 0 to G - 1. One cluster alone counts as no clusters.

    `unit`: the assumed size of a value other than 0. 1 suits right and wrong answers and is safe for any
    values.
    """
    import numpy as np

    values, sizes = np.clip(np.asarray(values, dtype=float), 0.0, 1.0), np.bincount(codes).astype(float)
    if not len(values):
        raise ValueError("expected at least one value, found none")
    if len(sizes) == 1:
        sizes, codes = np.ones(len(values)), np.arange(len(values))
    t = t_quantile((1 + level) / 2, freedom(sizes))
    return 1.0 - _upper(1.0 - values, codes, sizes, t, unit), _upper(values, codes, sizes, t, unit)


def of_counts(successes: Any, trials: Any, times: Any = 1) -> tuple[float, float]:
    """(low, high) for this many successes among the trials: two whole numbers, or one of each per cluster.

    `times`: how many clusters there are with these counts. Memory is that of the arguments.
    """
    import numpy as np

    counts = np.stack(np.broadcast_arrays(*map(np.atleast_1d, (successes, trials, times)))).astype(float)
    if not (counts[1] * counts[2]).sum():
        raise ValueError("expected at least one value, found none")
    if counts[2].sum() == 1:
        right, every, _ = counts.sum(axis=1)
        counts = np.array([[1.0, 0.0], [1.0, 1.0], [right, every - right]])
    kinds, inverse = np.unique(counts[:2, counts[2] > 0], axis=1, return_inverse=True)
    (right, every), often = kinds, np.bincount(inverse.ravel(), counts[2, counts[2] > 0])
    t = t_quantile(0.975, freedom(every, often))
    high, low = (_upper_of_counts(sums, every, often, t) for sums in (right, every - right))
    return 1.0 - low, high


def upper_of(mean: Any, worth: Any, t: float) -> Any:
    """Wilson's upper end of `mean` with `worth` effective problems and the continuity correction.

    Its quantile is t. The correction is smaller below one effective success. The lower end is 1 minus the
    upper end of 1 - mean. Works element by element on arrays.
    """
    import numpy as np

    p, square = np.minimum(mean + SHIFT * np.minimum(1 / worth, mean), 1.0), t * t / worth
    spread = np.sqrt(p * (1 - p) * square + square * square / 4)
    return np.where(p >= 1, 1.0, np.minimum((p + square / 2 + spread) / (1 + square), 1.0))


def freedom(sizes: Any, times: Any = 1) -> float:
    """Degrees of freedom of Student's t: those of the clusters plus half the weight of the assumed
    correlation. `times`: how many clusters there are of each size.
    """
    return _alike(sizes, times) - 1.0 + DOUBT / 2


def moderated(effect: Any, events: Any, sizes: Any, unit: float = 1.0, times: Any = 1) -> Any:
    """The design effect used: a weighted mean of the data's and the assumed one.

    `events`: the number of successes (or failures, if fewer) it is estimated from. A value above the assumed
    one is used with any number of events.
    """
    import numpy as np

    groups, doubt = _alike(sizes, times), DOUBT if sizes.max() > 1 else DOUBT_ALONE
    assumed = unit * (1.0 + ((times * sizes).sum() / groups - 1.0) * ICC)
    informed = np.where(effect > assumed, groups - 1, np.clip(events - 1, 0, groups - 1))
    return (informed * effect + doubt * assumed) / (informed + doubt)


def _alike(sizes: Any, times: Any = 1) -> float:
    """The number of clusters of equal size that these are worth (Kish): (sum m)^2 / sum m^2."""
    return float((times * sizes).sum() ** 2 / (times * sizes * sizes).sum())


def _upper(values: Any, codes: Any, sizes: Any, t: float, unit: float) -> float:
    """The upper end: the highest over fewer successes (ones) and as many as in the data."""
    import numpy as np

    if values.sum() >= sizes.sum():
        return 1.0
    if unit == 1 and sizes.max() == 1 and ((values == 0) | (values == 1)).all():
        return float(upper_of(float(values.sum()) / len(values), float(len(values)), t))
    sums, least = (np.bincount(codes, weights=v) for v in (values, np.where(values < 1, values, 0.0)))
    kinds, times = np.unique(np.stack([sums, least, sizes]), axis=1, return_counts=True)
    shares = values[values < 1]
    totals = float(least.sum()), float(sums.sum()), float((shares**2 - shares).sum())
    found = _Clusters(kinds[0], kinds[1], kinds[2], times, *totals)
    return _highest(found, t, unit)


def _upper_of_counts(sums: Any, sizes: Any, times: Any, t: float) -> float:
    """The same for right and wrong answers: `times` clusters with these sums and sizes, all different."""
    import numpy as np

    n, total = float((times * sizes).sum()), float((times * sums).sum())
    if total >= n:
        return 1.0
    if sizes.max() == 1:
        return float(upper_of(total / n, n, t))
    s, m, often = (values[np.lexsort((sizes, sums))] for values in (sums, sizes, times))
    return _highest(_Clusters(s, 0 * s, m, often, 0.0, total, 0.0), t, 1.0)


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Kinds of clusters: `sums` of their values, the `least` (without the ones), `sizes`; `times`: how many.

    `low` and `high` are the totals of `least` and `sums`; `excess` is the sum of v^2 - v over values below 1.
    """

    sums: Any
    least: Any
    sizes: Any
    times: Any
    low: float
    high: float
    excess: float


def _highest(found: _Clusters, t: float, unit: float) -> float:
    """The highest upper end over fewer successes and as many as in the data."""
    n, groups = float((found.times * found.sizes).sum()), _alike(found.sizes, found.times)
    totals, squares = _most_uneven(found, n)
    p = totals / n
    scale = groups / (groups - 1) if found.sizes.max() > 1 else 1.0  # CR1, as of Liang and Zeger 1986
    effect = scale * squares / (n * p * (1 - p)).clip(1e-9)
    used = moderated(effect, _events(found.excess, n, totals), found.sizes, unit, found.times)
    return float(upper_of(p, n / used, t).max())


def _events(excess: float, n: float, totals: Any) -> Any:
    """The effective number of successes, or of failures if fewer (Kish): (sum v)^2 / sum v^2.

    For each of the totals, which have some of the ones replaced by zeros.
    """
    import numpy as np

    squares = (totals + excess).clip(1e-12)
    failures = (n - 2 * totals + squares).clip(1e-12)
    return np.minimum(totals**2 / squares, (n - totals) ** 2 / failures)


def _most_uneven(found: _Clusters, n: float) -> tuple[Any, Any]:
    """(totals, the largest sum of squared residuals at each), from the total without a success to that of the
    data.

    A cluster's sum x_g lies between its `least`, without its successes, and the data's s_g. For a total of A
    and p = A / n, sum_g (x_g - m_g p)^2 is at most what the chords of these parabolas give, filled from the
    steepest on; their slopes are s_g + least_g - 2 m_g p. A further success raises the bound at every total,
    and at the data's total the bound equals the data's own value.
    """
    import numpy as np

    s, b, m, times, low, high = found.sums, found.least, found.sizes, found.times, found.low, found.high
    step = round((high - low) * len(s) / CELLS + 0.5) or 1  # whole numbers: the same for a success more
    totals = np.append(high - step * np.arange(1 + int((high - low) / step)), low)
    p = totals[:, None] / n
    slope = s + b - 2 * m * p
    order = np.argsort(-slope, axis=1)
    filled = np.minimum(np.cumsum((times * (s - b))[order], axis=1), totals[:, None] - low)
    gained = (np.diff(filled, axis=1, prepend=0.0) * np.take_along_axis(slope, order, axis=1)).sum(axis=1)
    return totals, ((times * (b - m * p) ** 2).sum(axis=1) + gained).clip(0)
