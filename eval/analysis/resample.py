"""One bootstrap for everything: problems (or whole clusters) are drawn again, samples never.

All methods of a group see the same draws, which is what makes every comparison of them paired. A draw is a
row of multinomial counts, so means under all draws are one matrix product.
"""

from __future__ import annotations

from math import nan, sqrt
from typing import Any


def draws(clusters: Any, resamples: int, seed: int) -> Any:
    """(resamples, clusters) counts of how often each cluster was drawn."""
    import numpy as np

    groups = len(np.unique(clusters))
    return np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=resamples)


def means(values: Any, clusters: Any, drawn: Any) -> Any:
    """Mean over problems of each column of `values` (problems, columns) per draw: (resamples, columns).

    NaN values are left out, column by column; a draw without any value gives NaN.
    """
    import numpy as np

    present = ~np.isnan(values)
    groups = drawn.shape[1]
    member = np.zeros((groups, len(values)))
    member[clusters, np.arange(len(values))] = 1.0
    totals = drawn @ (member @ np.where(present, values, 0.0))
    counts = drawn @ (member @ present.astype(float))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, totals / counts, nan)


def interval(values: Any, groups: int) -> tuple[float, float]:
    """95 % percentile interval of resampled values, which may be infinite; (NaN, NaN) without any.

    Expanded for few clusters (Hesterberg 2015): the tails are those of a normal at
    sqrt(G / (G - 1)) times Student's t at G - 1 degrees. NaN is left out. One cluster: (NaN, NaN).
    """
    import numpy as np
    from scipy.stats import norm, t

    known = values[~np.isnan(values)]
    if groups < 2 or not len(known):
        return nan, nan
    tail = float(norm.cdf(-sqrt(groups / (groups - 1)) * t.ppf(0.975, groups - 1)))
    low, high = np.quantile(known, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def significance(values: Any, groups: int) -> float:
    """Two-sided p of a difference being 0, from its resampled `values`; NaN without any or with one cluster.

    The smaller tail around 0 counts the data as one resample, so it is never 0; for few clusters it is
    expanded as `interval` is: the 95 % interval has 0 at its end where p is 0.05.
    """
    import numpy as np
    from scipy.stats import norm, t

    known = values[~np.isnan(values)]
    if groups < 2 or not len(known):
        return nan
    tail = (1 + min(int((known <= 1e-12).sum()), int((known >= -1e-12).sum()))) / (len(known) + 1)
    return min(1.0, 2 * float(t.cdf(norm.ppf(min(tail, 0.5)) / sqrt(groups / (groups - 1)), groups - 1)))
