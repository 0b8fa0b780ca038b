"""The 95 % interval of every proportion: Wilson's, with the sample size that the data are worth.

Problems of one cluster tell less than as many independent ones. With the design effect D, the factor by which
they inflate the variance of the mean over p (1 - p) / n, n problems are worth n / D (Korn and Graubard 1998;
Dean and Pagano 2015 compare such intervals). D is estimated, and a few clusters, or a few successes, hardly
estimate it. So it is a weighted mean of the data's and of what an intraclass correlation of ICC would give,
as moderated variances are (Smyth 2004): without a success to learn from it is the latter.

One more success never lowers an end, which an estimated D alone would allow (it may make the clusters more
alike). An end is therefore the highest that fewer successes, however they lie, would give.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from lab.core.distributions import t_quantile

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
    return ends(found) if codes is None else ends(np.bincount(codes, weights=found), np.bincount(codes))


def of_counts(successes: float, n: int) -> tuple[float, float]:
    """The ends for `successes` among n independent trials; n > 0."""
    import numpy as np

    return ends(np.repeat([1.0, successes % 1, 0.0], [int(successes), 1, n])[:n])


def codes_of(clusters: Sequence[Hashable] | None, n: int) -> Any:
    """(n,) clusters as 0..G-1 in order of first appearance; None where they are fewer than 2, or n."""
    import numpy as np

    numbers = {} if clusters is None else {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    if clusters is None or not 2 <= len(numbers) < n:
        return None
    return np.array([numbers[name] for name in clusters])


def ends(sums: Any, sizes: Any = None) -> tuple[float, float]:
    """The ends for clusters of `sizes` problems (1 each without them), whose values sum to `sums`."""
    import numpy as np

    sums = np.clip(np.asarray(sums, dtype=float), 0.0, 1.0 if sizes is None else sizes)
    if not len(sums):
        raise ValueError("expected at least one value, found none")
    if len(sums) == 1 and sizes is not None:  # one cluster has no variance: its problems have
        return of_counts(float(sums[0]), int(sizes[0]))
    sizes = np.ones(len(sums)) if sizes is None else np.asarray(sizes, dtype=float)
    return 1.0 - _upper(sizes - sums, sizes), _upper(sums, sizes)


def upper_of(mean: Any, worth: Any, t: float) -> Any:
    """Wilson's upper end of `mean` seen in `worth` effective problems, with the continuity correction.

    Its quantile is t. The correction is less below one effective success. The lower end is 1 minus that
    of 1 - mean. Arrays are taken element by element.
    """
    import numpy as np

    p, square = np.minimum(mean + SHIFT * np.minimum(1 / worth, mean), 1.0), t * t / worth
    spread = np.sqrt(p * (1 - p) * square + square * square / 4)
    return np.minimum((p + square / 2 + spread) / (1 + square), 1.0)


def freedom(sizes: Any) -> float:
    """Degrees of freedom of Student's t: those of the clusters, and half of what the assumption weighs."""
    return _alike(sizes) - 1.0 + DOUBT / 2


def moderated(effect: Any, informed: Any, sizes: Any) -> Any:
    """The design effect taken: the data's, on `informed` degrees of freedom, with the one assumed."""
    groups, doubt = _alike(sizes), DOUBT if sizes.max() > 1 else DOUBT_ALONE
    assumed = 1.0 + (sizes.sum() / groups - 1.0) * ICC
    return (informed * effect + doubt * assumed) / (informed + doubt)


def _alike(sizes: Any) -> float:
    """How many clusters of equal size are worth as much as these (Kish): (sum m)^2 / sum m^2."""
    return float(sizes.sum() ** 2 / (sizes * sizes).sum())


def _upper(sums: Any, sizes: Any) -> float:
    """The upper end; the highest of those for fewer successes and as many."""
    n, total = float(sizes.sum()), float(sums.sum())
    t = t_quantile(0.975, freedom(sizes))
    if total >= n:
        return 1.0
    if sizes.max() == 1 and ((sums == 0) | (sums == 1)).all():
        return float(upper_of(total / n, n, t))
    totals, squares = _most_uneven(sums, sizes)
    p, groups = totals / n, _alike(sizes)
    binomial = n * p * (1 - p)
    scale = groups / (groups - 1) if sizes.max() > 1 else 1.0  # CR1, as of Liang and Zeger 1986
    rare = (totals.clip(max=n - totals) - 1).clip(0, groups - 1)
    effect = scale * squares / binomial.clip(1e-9)
    return float(upper_of(p, n / moderated(effect, rare, sizes), t).max())


def _most_uneven(sums: Any, sizes: Any) -> tuple[Any, Any]:
    """(totals from 0 to that of the data, the most that squared residuals sum to with as many successes).

    For a total of A and p = A / n, sum_g (x_g - m_g p)^2 over 0 <= x_g <= `sums` with sum x = A is at most
    p^2 sum m^2 + sum x_g (s_g - 2 m_g p), filled from the largest s_g - 2 m_g p on (the residuals are convex:
    a chord lies above them). It grows with every s_g, and at the data's total it is the data's own.
    """
    import numpy as np

    n, total = float(sizes.sum()), float(sums.sum())
    pairs, times = np.unique(sums + 1j * sizes, return_counts=True)
    s, m = pairs.real, pairs.imag
    step = n / max(8, min(int(n), CELLS // len(s)))
    totals = np.append(np.arange(0.0, total, step), [max(0.0, total - 1), total])
    p = totals[:, None] / n
    gain = s - 2 * m * p
    order = np.argsort(-gain, axis=1)
    filled = np.minimum(np.cumsum((times * s)[order], axis=1), totals[:, None])
    gained = (np.diff(filled, axis=1, prepend=0.0) * np.take_along_axis(gain, order, axis=1)).sum(axis=1)
    return totals, (p[:, 0] ** 2 * (sizes * sizes).sum() + gained).clip(0)
