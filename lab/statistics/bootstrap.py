"""One bootstrap for everything: problems (or whole clusters) are drawn again, samples never.

All methods of a group see the same draws, which is what makes every comparison of them paired. A draw is a
row of multinomial counts, so means under all draws are one matrix product. Draws are made a block of rows at
a time: however many problems there are, memory holds one block.
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
"""Of every bootstrap: Holm's correction over 49 comparisons leaves p below 0.05 possible."""
CELLS = 500_000
"""Counts in memory at a time: rows of a block times problems."""
KEPT = 16_000_000
"""Up to so many counts, the latest draws are kept for the next statistic, in a byte each."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each problem was drawn: 1 + `resamples` rows, of which the first is the data itself.

    `of`: (problems,) the cluster of each, 0 to `groups` - 1. Two of equal groups, resamples and seed have the
    same draws, which makes what is computed from them paired.
    """

    of: Any
    groups: int
    resamples: int
    seed: int

    def clusters(self) -> Iterator[Any]:
        """(rows, groups) counts of clusters, block after block."""
        yield from _blocks(self.groups, self.resamples, self.seed)

    def problems(self) -> Iterator[Any]:
        """(rows, problems) counts of problems, block after block."""
        for block in self.clusters():
            yield block[:, self.of]

    def each(self, statistic: Callable[[Any], Any], cells: int | None = None) -> Any:
        """A statistic of (rows, problems) counts under every row, joined along its first axis.

        `cells`: it is handed at most so many counts at a time.
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
    """Draws of whole clusters (codes 0..G-1 per problem) with replacement, G of them in each."""
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
    """All counts in a byte each; None where one does not fit."""
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
    """The same counts whatever `rows` is: one generator makes one row after the other."""
    import numpy as np

    generator, chance = np.random.default_rng(seed), np.full(groups, 1 / groups)
    for start in range(0, resamples, rows):
        yield generator.multinomial(groups, chance, size=min(rows, resamples - start))


class Means:
    """Means over problems of the columns of `values` (problems, columns), block of draws by block.

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
    """(1 + resamples, columns): `Means` under all draws, the data's first."""
    import numpy as np

    of = Means(values, drawn.of, drawn.groups)
    return np.concatenate([of.under(block) for block in drawn.clusters()])


def _summed(values: Any, clusters: Any, groups: int) -> Any:
    """(groups, columns) sums over the problems of each cluster."""
    import numpy as np

    columns = [np.bincount(clusters, weights=column, minlength=groups) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((groups, 0))


def interval(values: Any, groups: int) -> tuple[float, float]:
    """95 % percentile interval of resampled values, which may be infinite; (NaN, NaN) without any.

    Expanded for few clusters (Hesterberg 2015): the tails are those of a normal at
    sqrt(G / (G - 1)) times Student's t at G - 1 degrees. NaN is left out. One cluster: (NaN, NaN).
    """
    import numpy as np

    known = values[~np.isnan(values)]
    if groups < 2 or not len(known):
        return nan, nan
    tail = normal_below(-sqrt(groups / (groups - 1)) * t_quantile(0.975, groups - 1))
    low, high = np.quantile(known, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def interval_where_varied(values: Any, groups: int) -> tuple[float, float]:
    """The same of a statistic like a correlation; (NaN, NaN) where all draws agree, which says nothing of its
    spread."""
    import numpy as np

    known = values[~np.isnan(values)]
    alike = len(known) > 0 and float(np.ptp(known)) <= 1e-12
    return (nan, nan) if alike else interval(values, groups)


def significance(values: Any, groups: int) -> float:
    """Two-sided p of a difference being 0, from its resampled `values`; NaN without any or with one cluster.

    The smaller tail around 0 counts the data as one resample, so it is never 0; for few clusters it is
    expanded as `interval` is: the 95 % interval has 0 at its end where p is 0.05. Where no resample is on the
    other side of 0, p is Student's, from the draws' mean and standard deviation, but never below 2^(1 - G),
    the smallest p of flipping the signs of G clusters: many comparisons can then be told apart (Holm).
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
    """95 % interval of a statistic in [0, 1] that is a mean over `answers`, or like one (AURC, F1, an area).

    `values`: the data's, then those of the draws; `sizes`: (clusters,) how many answers each has. It is a
    proportion's (`lab.statistics.proportion`), with the variance of the draws over x (1 - x) / answers for
    the design effect: never empty, though all draws are equal. (NaN, NaN) where undefined, or with one
    cluster.
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
    """95 % interval of a - b from the intervals of both (MOVER, Zou and Donner 2008), where they are known.

    `a`, `b`: the data's values, then those of the same draws, which tell how they hang together.
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
    """The half width of a difference whose parts have half widths x and y, and are correlated by r."""
    return sqrt(max(0.0, x * x + y * y - 2 * r * x * y))
