"""The 95 % interval of every proportion: Wilson's, with the sample size that the data are worth.

Problems of one cluster tell less than as many independent ones. With the design effect D, the factor by which
they inflate the variance of the mean over p (1 - p) / n, n problems are worth n / D (Korn and Graubard 1998;
Dean and Pagano 2015 compare such intervals). D is estimated, and a few clusters, or a few successes, hardly
estimate it. So it is a weighted mean of the data's and of what an intraclass correlation of ICC would give,
as moderated variances are (Smyth 2004): without a success to learn from it is the latter.

One more success never lowers an end, which an estimated D alone would allow (it may make the clusters more
alike). An end is therefore the highest that fewer successes, however they lie, would give. (Where values
between 0 and 1 become 1, the lower end may fall a little: at most 0.01 was seen.)
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from lab.statistics.distributions import t_quantile

ICC = 0.25
"""The intraclass correlation assumed of clusters that tell nothing of theirs."""
DOUBT = 4.0
"""As many degrees of freedom as that assumption weighs."""
DOUBT_ALONE = 2.0
"""The same for problems without clusters, whose D is 1 for right or wrong and less for shares in between."""
SHIFT = 0.3
"""Continuity correction in effective problems; it keeps the coverage of few successes above 93 %."""
CELLS = 50_000
"""Most numbers of fewer successes, times kinds of clusters, that are looked at."""


def proportion(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> tuple[float, float]:
    """The ends for the mean of per-problem values in [0, 1]; `clusters` names each problem's.

    Clusters count where there are at least two and fewer than problems. Raises ValueError for no value.
    """
    import numpy as np

    found = np.asarray(values, dtype=float)
    codes = codes_of(clusters, len(found))
    return ends_of(found, np.arange(len(found)) if codes is None else codes)


def codes_of(clusters: Sequence[Hashable] | None, n: int) -> Any:
    """`numbered` clusters of n problems; None where they are fewer than 2, or n."""
    codes = None if clusters is None else numbered(clusters)
    return codes if codes is not None and 2 <= len(set(codes.tolist())) < n else None


def numbered(clusters: Sequence[Hashable]) -> Any:
    """Cluster names as 0..G-1, in order of first appearance."""
    import numpy as np

    numbers = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    return np.array([numbers[name] for name in clusters], dtype=int)


def ends_of(values: Any, codes: Any, level: float = 0.95, unit: float = 1.0) -> tuple[float, float]:
    """The ends for values in clusters `codes`, 0..G-1; one cluster alone is no cluster.

    `unit`: how large a value other than 0 is thought to be; 1 suits right and wrong, and any.
    """
    import numpy as np

    values, sizes = np.clip(np.asarray(values, dtype=float), 0.0, 1.0), np.bincount(codes).astype(float)
    if not len(values):
        raise ValueError("expected at least one value, found none")
    if len(sizes) == 1:
        sizes, codes = np.ones(len(values)), np.arange(len(values))
    t = t_quantile((1 + level) / 2, freedom(sizes))
    return 1.0 - _upper(1.0 - values, codes, sizes, t, unit), _upper(values, codes, sizes, t, unit)


def of_counts(successes: Any, trials: Any) -> tuple[float, float]:
    """The ends for this many successes among the trials: whole numbers, or one of each for every cluster."""
    import numpy as np

    right, every = np.atleast_1d(successes), np.atleast_1d(trials)
    values = np.repeat(np.tile([1.0, 0.0], len(every)), np.stack([right, every - right], axis=1).ravel())
    return ends_of(values, np.repeat(np.arange(len(every)), every))


def upper_of(mean: Any, worth: Any, t: float) -> Any:
    """Wilson's upper end of `mean` seen in `worth` effective problems, with the continuity correction.

    Its quantile is t. The correction is less below one effective success. The lower end is 1 minus that
    of 1 - mean. Arrays are taken element by element.
    """
    import numpy as np

    p, square = np.minimum(mean + SHIFT * np.minimum(1 / worth, mean), 1.0), t * t / worth
    spread = np.sqrt(p * (1 - p) * square + square * square / 4)
    return np.where(p >= 1, 1.0, np.minimum((p + square / 2 + spread) / (1 + square), 1.0))


def freedom(sizes: Any) -> float:
    """Degrees of freedom of Student's t: those of the clusters, and half of what the assumption weighs."""
    return _alike(sizes) - 1.0 + DOUBT / 2


def moderated(effect: Any, events: Any, sizes: Any, unit: float = 1.0) -> Any:
    """The design effect taken: the data's with the one assumed.

    `events` is how many successes (or failures, if fewer) tell of it. That it is larger than assumed is
    believed of any.
    """
    import numpy as np

    groups, doubt = _alike(sizes), DOUBT if sizes.max() > 1 else DOUBT_ALONE
    assumed = unit * (1.0 + (sizes.sum() / groups - 1.0) * ICC)
    informed = np.where(effect > assumed, groups - 1, np.clip(events - 1, 0, groups - 1))
    return (informed * effect + doubt * assumed) / (informed + doubt)


def _alike(sizes: Any) -> float:
    """How many clusters of equal size are worth as much as these (Kish): (sum m)^2 / sum m^2."""
    return float(sizes.sum() ** 2 / (sizes * sizes).sum())


def _upper(values: Any, codes: Any, sizes: Any, t: float, unit: float) -> float:
    """The upper end; the highest of those for fewer successes (ones) and as many."""
    import numpy as np

    n, total, groups = float(sizes.sum()), float(values.sum()), _alike(sizes)
    if total >= n:
        return 1.0
    if unit == 1 and sizes.max() == 1 and ((values == 0) | (values == 1)).all():
        return float(upper_of(total / n, n, t))
    sums, least = (np.bincount(codes, weights=v) for v in (values, np.where(values < 1, values, 0.0)))
    totals, squares = _most_uneven(sums, least, sizes)
    p = totals / n
    scale = groups / (groups - 1) if sizes.max() > 1 else 1.0  # CR1, as of Liang and Zeger 1986
    effect = scale * squares / (n * p * (1 - p)).clip(1e-9)
    return float(upper_of(p, n / moderated(effect, _events(values, totals), sizes, unit), t).max())


def _events(values: Any, totals: Any) -> Any:
    """How many successes, or failures if fewer, such values are worth (Kish): (sum v)^2 / sum v^2.

    At each of the totals, which have some of the ones as zeros.
    """
    import numpy as np

    shares = values[values < 1]
    squares = (totals + float((shares**2 - shares).sum())).clip(1e-12)
    failures = (len(values) - 2 * totals + squares).clip(1e-12)
    return np.minimum(totals**2 / squares, (len(values) - totals) ** 2 / failures)


def _most_uneven(sums: Any, least: Any, sizes: Any) -> tuple[Any, Any]:
    """(totals from that without a success to that of the data, the most that squared residuals sum to there).

    A cluster's sum x_g is between its `least`, without its successes, and s_g of the data. For a total of A
    and p = A / n, sum_g (x_g - m_g p)^2 is at most what the chords of these parabolas give, filled from the
    steepest on, whose slopes are s_g + least_g - 2 m_g p. A further success raises it at every total, and at
    the data's total it is the data's own.
    """
    import numpy as np

    n = float(sizes.sum())
    kinds, times = np.unique(np.stack([sums, least, sizes]), axis=1, return_counts=True)
    s, b, m = kinds
    low, high = float(least.sum()), float(sums.sum())
    step = round((high - low) * len(s) / CELLS + 0.5) or 1  # whole numbers: the same for a success more
    totals = np.append(high - step * np.arange(1 + int((high - low) / step)), low)
    p = totals[:, None] / n
    slope = s + b - 2 * m * p
    order = np.argsort(-slope, axis=1)
    filled = np.minimum(np.cumsum((times * (s - b))[order], axis=1), totals[:, None] - low)
    gained = (np.diff(filled, axis=1, prepend=0.0) * np.take_along_axis(slope, order, axis=1)).sum(axis=1)
    return totals, ((times * (b - m * p) ** 2).sum(axis=1) + gained).clip(0)
