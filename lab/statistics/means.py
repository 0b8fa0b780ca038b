"""Means and paired differences over problems, with confidence intervals and p-values.

The unit is the problem: its samples are never resampled. Problems made from one template or family are not
independent, so standard errors are clustered if there are clusters. Intervals are 95 %. Comparisons are
paired, on the problems that both sides answered.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import Any

from lab.statistics.bootstrap import RESAMPLES, draws, joined, means, significance
from lab.statistics.proportion import codes_of, ends_of, numbered, proportion
from lab.statistics.sign_tests import exact_p

FEW = 30
"""If fewer clusters than this differ, the exact test is used; otherwise the bootstrap."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over `n` problems with its standard error and 95 % interval; NaN if n is 0."""

    mean: float
    se: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference of means over `n` problems, with its 95 % interval and two-sided p-value."""

    mean: float
    low: float
    high: float
    p: float
    n: int


def mean_interval(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Interval:
    """The mean of per-problem values in [0, 1], its standard error, and its interval (`proportion`).

    SE = sd / sqrt(problems), or clustered (CR1) if there are at least two clusters and fewer than problems;
    NaN for one problem. The interval is never empty, whatever the standard error.
    """
    import numpy as np

    n = len(values)
    if n == 0:
        return Interval(nan, nan, nan, nan, 0)
    grouped = _grouped(clusters, n)
    se = clustered_error(values, grouped) if grouped else problem_error(values)
    return Interval(float(np.mean(values)), se, *proportion(values, grouped or None), n)


def problem_error(values: Sequence[float]) -> float:
    """The standard error of the mean over independent problems: sd (n - 1) / sqrt(n); NaN for one problem."""
    import numpy as np

    return float(np.std(values, ddof=1) / sqrt(len(values))) if len(values) > 1 else nan


def clustered_error(values: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """The cluster-robust standard error of the mean, with the CR1 factor G / (G - 1) (Liang & Zeger 1986).

    sqrt(G/(G-1) * sum over clusters of (sum of residuals)^2) / n; NaN for one cluster. If every problem is
    its own cluster, it equals `problem_error`.
    """
    import numpy as np

    residuals = np.asarray(values, dtype=float) - np.mean(values)
    sums = np.bincount(numbered(clusters), weights=residuals)
    groups = len(sums)
    if groups < 2:
        return nan
    return float(np.sqrt(groups / (groups - 1) * np.sum(sums**2)) / len(residuals))


def paired_difference(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """mean(b) - mean(a) of values in [0, 1] over the same problems, with its interval and two-sided p-value.

    The interval is that of `ends_apart`. p is exact (`lab.statistics.sign_tests`) if fewer than FEW clusters
    (problems, if there are no clusters) differ; otherwise it comes from the bootstrap
    (`lab.statistics.bootstrap`). 0 is outside the interval exactly where p < 0.05: if the two disagree, the
    more conservative one is used. p is NaN for one problem. Raises ValueError if a difference is beyond 1.
    """
    import numpy as np

    d = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    if not len(d):
        return Difference(nan, nan, nan, nan, 0)
    if np.abs(d).max() > 1 + 1e-9:
        raise ValueError(f"expected values in [0, 1], found a difference of {float(np.abs(d).max()):g}")
    found = codes_of(clusters, len(d))
    codes = np.arange(len(d)) if found is None else found
    sums = np.bincount(codes, weights=d)
    low, high = ends_apart(d, codes)
    if int((np.abs(sums) > 1e-9).sum()) < FEW:
        p = exact_p(sums.tolist()) if len(d) > 1 else nan
    else:
        drawn = draws(codes, resamples, seed)
        p = significance(means(d[:, None], drawn)[1:, 0], drawn.groups)
    if p < 0.05 and low <= 0 <= high:
        p = _level_apart(d, codes)
    if p >= 0.05:
        low, high = min(low, 0.0), max(high, 0.0)
    return Difference(float(d.mean()), low, high, p, len(d))


def ends_apart(differences: Any, codes: Any, level: float = 0.95) -> tuple[float, float]:
    """The ends of the interval of a mean difference, from separate intervals of its gains (max(d, 0)) and
    losses (max(-d, 0)).

    Both are proportions. Their intervals are combined by MOVER (Zou and Donner 2008; for paired right and
    wrong answers Newcombe 1998) with the correlation of their cluster sums. A positive correlation, which
    would make the interval narrower, counts as 0. The interval never has zero width.
    """
    import numpy as np

    sides = np.maximum(differences, 0.0), np.maximum(-differences, 0.0)
    gain, loss = (float(side.mean()) for side in sides)
    (least, most), (low, high) = (ends_of(side, codes, level, _unit(differences)) for side in sides)
    x, y = (np.bincount(codes, weights=side - side.mean()) for side in sides)
    scale = sqrt(float((x * x).sum() * (y * y).sum()))
    r = min(0.0, float((x * y).sum()) / scale) if scale > 1e-12 else 0.0
    return (
        gain - loss - joined(gain - least, high - loss, r),
        gain - loss + joined(most - gain, loss - low, r),
    )


def _unit(differences: Any) -> float:
    """The typical size of a difference that is not 0, sum d^2 / sum |d|: 1 for right and wrong answers.

    With few differences (n as Kish counts them) the estimate is shrunk towards 1, which has the weight of two
    differences.
    """
    total, squares = float(abs(differences).sum()), float((differences**2).sum())
    if squares < 1e-12:
        return 1.0
    n = total**2 / squares
    return (n * squares / total + 2) / (n + 2)


def _level_apart(differences: Any, codes: Any) -> float:
    """The p-value at which the interval of `ends_apart` begins to contain 0."""
    least, most = 0.0, 1.0
    for _ in range(20):
        p = (least + most) / 2
        low, high = ends_apart(differences, codes, 1 - p)
        least, most = (p, most) if low <= 0 <= high else (least, p)
    return max(0.05, most)


def _grouped(clusters: Sequence[Hashable] | None, n: int) -> Sequence[Hashable]:
    """The clusters if they can be used (at least two, fewer than problems), else ()."""
    return clusters if clusters is not None and 2 <= len(set(clusters)) < n else ()


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values (Holm 1979), in the order given. NaN values are not counted."""
    ranked = sorted((p, i) for i, p in enumerate(p_values) if not isnan(p))
    adjusted, worst = [nan] * len(p_values), 0.0
    for rank, (p, i) in enumerate(ranked):
        worst = max(worst, min(1.0, (len(ranked) - rank) * p))
        adjusted[i] = worst
    return adjusted
