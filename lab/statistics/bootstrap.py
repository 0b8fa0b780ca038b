"""The bootstrap: resamples problems (or whole clusters) with replacement, never the samples of a problem.

All methods of a group are computed on the same resamples, so every comparison between them is paired. A
resample is a row of multinomial counts, so the means of all resamples are one matrix product. Resamples are
made in blocks of rows: memory holds one block, however many problems there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import nan, sqrt
from typing import Any

from lab.statistics.distributions import normal_below, normal_quantile, t_below, t_quantile
from lab.statistics.proportion import freedom, moderated, upper_of

RESAMPLES = 2_000
"""The number of resamples of every bootstrap. It is large enough for p < 0.05 after Holm's correction over 49
comparisons.
"""
CELLS = 500_000
"""The largest number of counts in memory at a time: rows of a block times problems."""
KEPT = 16_000_000
"""Up to this number of counts, the latest draws are cached for the next statistic, one byte each."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each problem is drawn: 1 + `resamples` rows, of which the first is the data itself (all
    ones).

    `of`: (problems,) the cluster of each problem, 0 to `groups` - 1. Two objects with equal groups, resamples
    and seed have the same draws, so statistics computed from them are paired.
    """

    of: Any
    groups: int
    resamples: int
    seed: int

    def clusters(self) -> Iterator[Any]:
        """Yields blocks of (rows, groups): how often each cluster is drawn."""
        yield from _blocks(self.groups, self.resamples, self.seed)

    def problems(self) -> Iterator[Any]:
        """Yields blocks of (rows, problems): how often each problem is drawn."""
        for block in self.clusters():
            yield block[:, self.of]

    def each(self, statistic: Callable[[Any], Any], cells: int | None = None) -> Any:
        """Applies a statistic to the (rows, problems) counts of every block and joins the results along the
        first axis.

        `cells`: the largest number of counts in a block.
        """
        import numpy as np

        rows = max(1, cells // len(self.of)) if cells else None
        parts = (
            block[i : i + (rows or len(block))]
            for block in self.problems()
            for i in range(0, len(block), rows or len(block))
        )
        return np.concatenate([statistic(part) for part in parts])


def draws(clusters: Any, resamples: int, seed: int) -> Draws:
    """Draws of whole clusters with replacement, as many as there are clusters. `clusters`: (problems,) codes
    0 to G - 1.
    """
    import numpy as np

    return Draws(np.asarray(clusters), len(np.unique(clusters)), resamples, seed)


def _blocks(groups: int, resamples: int, seed: int) -> Iterator[Any]:
    import numpy as np

    rows = max(1, CELLS // max(1, groups))
    first = np.ones((1, groups), dtype=int)
    drawn: Iterator[Any]
    if resamples * groups <= KEPT and (kept := _kept(groups, resamples, seed)) is not None:
        drawn = (kept[i : i + rows].astype(int) for i in range(0, resamples, rows))
    else:
        drawn = _made(groups, resamples, seed, rows)
    for block in drawn:
        yield np.vstack([first, block])
        first = first[:0]


@lru_cache(maxsize=1)
def _kept(groups: int, resamples: int, seed: int) -> Any:
    """All counts, one byte each; None if a count does not fit into a byte."""
    import numpy as np

    kept = np.empty((resamples, groups), dtype=np.uint8)
    rows, at = max(1, CELLS // max(1, groups)), 0
    for block in _made(groups, resamples, seed, rows):
        if block.max(initial=0) > np.iinfo(np.uint8).max:
            return None
        kept[at : at + len(block)] = block
        at += len(block)
    return kept


def _made(groups: int, resamples: int, seed: int, rows: int) -> Iterator[Any]:
    """The blocks of counts. They do not depend on `rows`, because one generator makes one row after the
    other.
    """
    import numpy as np

    generator, chance = np.random.default_rng(seed), np.full(groups, 1 / groups)
    for start in range(0, resamples, rows):
        yield generator.multinomial(groups, chance, size=min(rows, resamples - start))


class Means:
    """Means over problems of the columns of `values` (problems, columns), one block of draws at a time.

    NaN values are left out, column by column.
    """

    def __init__(self, values: Any, clusters: Any, groups: int) -> None:
        import numpy as np

        present = ~np.isnan(values)
        self._totals = _summed(np.where(present, values, 0.0), clusters, groups)
        columns = present[:, :1] if present.all() else present  # one count serves all columns
        self._counts = _summed(columns.astype(float), clusters, groups)

    def under(self, drawn: Any) -> Any:
        """(rows, columns) means under (rows, groups) counts; NaN for a draw without any value."""
        import numpy as np

        totals, counts = drawn @ self._totals, drawn @ self._counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(counts > 0, totals / counts, nan)


def means(values: Any, drawn: Draws) -> Any:
    """(1 + resamples, columns): the means of the data, then those of all draws."""
    import numpy as np

    of = Means(values, drawn.of, drawn.groups)
    return np.concatenate([of.under(block) for block in drawn.clusters()])


def _summed(values: Any, clusters: Any, groups: int) -> Any:
    """(groups, columns): sums over the problems of each cluster."""
    import numpy as np

    columns = [np.bincount(clusters, weights=column, minlength=groups) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((groups, 0))


def interval(values: Any, groups: int) -> tuple[float, float]:
    """The 95 % percentile interval of bootstrap values, which may be infinite; (NaN, NaN) if there are none.

    With few clusters the interval is expanded (Hesterberg 2015): its tail probability is that of a normal at
    sqrt(G / (G - 1)) times Student's t with G - 1 degrees of freedom. NaN values are left out. (NaN, NaN) for
    one cluster.
    """
    import numpy as np

    known = values[~np.isnan(values)]
    if groups < 2 or not len(known):
        return nan, nan
    tail = normal_below(-sqrt(groups / (groups - 1)) * t_quantile(0.975, groups - 1))
    low, high = np.quantile(known, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def interval_where_varied(values: Any, groups: int) -> tuple[float, float]:
    """As `interval`, for a statistic such as a correlation: (NaN, NaN) if all draws are equal, because the
    spread is then unknown.
    """
    import numpy as np

    known = values[~np.isnan(values)]
    alike = len(known) > 0 and float(np.ptp(known)) <= 1e-12
    return (nan, nan) if alike else interval(values, groups)


def significance(values: Any, groups: int) -> float:
    """Two-sided p-value for a difference of 0 from its bootstrap `values`; NaN if there are none or only one
    cluster.

    The data count as one resample in the smaller tail, so p is never 0. With few clusters p is expanded as in
    `interval`: 0 is at the end of the 95 % interval where p is 0.05. If no resample is on the other side of
    0, p is Student's, from the mean and standard deviation of the draws, but at least 2^(1 - G), the smallest
    p of flipping the signs of G clusters. Many such comparisons then still have different p-values (for
    Holm's correction).
    """
    import numpy as np

    known = values[~np.isnan(values)]
    if groups < 2 or not len(known):
        return nan
    beyond = min(int((known <= 1e-12).sum()), int((known >= -1e-12).sum()))
    tail = (1 + beyond) / (len(known) + 1)
    p = min(1.0, 2 * t_below(normal_quantile(min(tail, 0.5)) / sqrt(groups / (groups - 1)), groups - 1))
    if beyond:
        return p
    t = abs(float(known.mean())) / max(float(known.std()) * sqrt(groups / (groups - 1)), 1e-12)
    return min(p, max(2 * t_below(-t, groups - 1), 2.0 ** max(1 - groups, -50)))


def bounded(values: Any, answers: float, sizes: Any) -> tuple[float, float]:
    """95 % interval of a statistic in [0, 1] that is a mean over `answers`, or behaves like one (AURC, F1, an
    area).

    `values`: the statistic of the data, then of the draws. `sizes`: (clusters,) the number of answers in
    each. Computed as the interval of a proportion (`lab.statistics.proportion`), with the variance of the
    draws over x (1 - x) / answers as the design effect. It is therefore never empty, even if all draws are
    equal. (NaN, NaN) if undefined or for one cluster.
    """
    import numpy as np

    x, known, groups = float(values[0]), values[1:][~np.isnan(values[1:])], len(sizes)
    if np.isnan(x) or groups < 2 or not len(known):
        return nan, nan
    x, sizes = min(max(x, 0.0), 1.0), np.asarray(sizes, dtype=float)
    variance = float(known.var()) * groups / (groups - 1)
    effect = variance * answers / max(x * (1 - x), 1e-12) if variance > 1e-12 else 0.0
    worth = answers / float(moderated(effect, min(x, 1 - x) * answers, sizes))
    t = t_quantile(0.975, freedom(sizes))
    return 1 - float(upper_of(1 - x, worth, t)), float(upper_of(x, worth, t))


def together(a: Any, b: Any, a_ends: tuple[float, float], b_ends: tuple[float, float]) -> tuple[float, float]:
    """95 % interval of a - b from the intervals of a and b, if both are known (MOVER, Zou and Donner 2008).

    `a`, `b`: the values of the data, then of the same draws, from which their correlation is estimated.
    """
    import numpy as np

    d = float(a[0] - b[0])
    if np.isnan([d, *a_ends, *b_ends]).any():
        return nan, nan
    both = ~np.isnan(a[1:]) & ~np.isnan(b[1:])
    x, y = a[1:][both], b[1:][both]
    varied = len(x) > 1 and min(float(x.std()), float(y.std())) > 1e-9
    r = float(np.corrcoef(x, y)[0, 1]) if varied else 0.0
    (low, high), (least, most) = a_ends, b_ends
    a_value, b_value = float(a[0]), float(b[0])
    return (
        d - joined(a_value - low, most - b_value, r),
        d + joined(high - a_value, b_value - least, r),
    )


def joined(x: float, y: float, r: float) -> float:
    """The half-width of a difference's interval; its parts have half-widths x and y and correlation r."""
    return sqrt(max(0.0, x * x + y * y - 2 * r * x * y))
