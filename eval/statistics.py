"""Uncertainty over problems. The unit is the problem: its samples are never resampled.

Problems made from one template or family are not independent, so errors are clustered where there are
clusters. Intervals are 95 %. Comparisons are paired, on problems that both sides answered.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import Any

from lab.core.distributions import t_below, t_quantile
from lab.core.proportion import proportion

Z95 = 1.959963984540054
RESAMPLES = 10_000
FEW_CLUSTERS = 10
"""Below this many clusters a bootstrap over them is too sure of itself."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over `n` problems with its standard error and 95 % interval (NaN where n is 0)."""

    mean: float
    se: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference of means over `n` problems: 95 % interval and two-sided p."""

    mean: float
    low: float
    high: float
    p: float
    n: int


def mean_interval(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Interval:
    """Mean of per-problem values in [0, 1], its SE, and the interval of a proportion (`proportion`).

    SE = sd / sqrt(problems), or clustered (CR1) where there are at least two clusters and fewer than
    problems; NaN for one problem. The interval is never empty, whatever the SE.
    """
    import numpy as np

    n = len(values)
    if n == 0:
        return Interval(nan, nan, nan, nan, 0)
    grouped = _grouped(clusters, n)
    se = clustered_error(values, grouped) if grouped else problem_error(values)
    return Interval(float(np.mean(values)), se, *proportion(values, grouped or None), n)


def problem_error(values: Sequence[float]) -> float:
    """Standard error of the mean over independent problems: sd (n - 1) / sqrt(n); NaN for one."""
    import numpy as np

    return float(np.std(values, ddof=1) / sqrt(len(values))) if len(values) > 1 else nan


def clustered_error(values: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Cluster-robust standard error of the mean, with the CR1 factor G / (G - 1) (Liang & Zeger 1986).

    sqrt(G/(G-1) * sum over clusters of (sum of residuals)^2) / n; NaN for one cluster. With every
    problem a cluster of its own it equals `problem_error`.
    """
    import numpy as np

    residuals = np.asarray(values, dtype=float) - np.mean(values)
    sums = np.bincount(_codes(clusters), weights=residuals)
    groups = len(sums)
    if groups < 2:
        return nan
    return float(np.sqrt(groups / (groups - 1) * np.sum(sums**2)) / len(residuals))


def paired_bootstrap(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """mean(b) - mean(a) over the same problems, with a percentile interval and two-sided p.

    Problems (or whole clusters, where there are fewer than problems and at least two) are drawn with
    replacement; the samples behind a problem's value never are. p = 2 min(P(diff <= 0), P(diff >= 0)),
    counting the observed data as one resample, so it is never 0. Fewer than ten clusters cannot be
    resampled to any purpose: then CR1 and Student's t with G - 1 degrees give interval and p.
    """
    import numpy as np

    differences = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    n = len(differences)
    if n == 0:
        return Difference(nan, nan, nan, nan, 0)
    grouped = _grouped(clusters, n)
    if grouped and len(set(grouped)) < FEW_CLUSTERS:
        if clustered_error(differences, grouped) > 1e-12:
            return _few_clusters(differences, grouped)
        grouped = ()  # equal cluster means: nothing to learn from them, only from problems
    codes = _codes(grouped) if grouped else np.arange(n)
    sums, sizes = np.bincount(codes, weights=differences), np.bincount(codes)
    means = _resampled_means(sums, sizes, seed, resamples)
    low, high = np.quantile(means, [0.025, 0.975])
    tails = [(1 + int((means <= 1e-12).sum())), (1 + int((means >= -1e-12).sum()))]
    p = min(1.0, 2 * min(tails) / (resamples + 1))
    return Difference(float(differences.mean()), float(low), float(high), p, n)


def _few_clusters(differences: Any, clusters: Sequence[Hashable]) -> Difference:
    """Interval and p of a mean difference from its clustered error and Student's t."""
    mean, n, groups = float(differences.mean()), len(differences), len(set(clusters))
    se = clustered_error(differences, clusters)
    half = se * _t95(groups)
    return Difference(mean, mean - half, mean + half, 2 * t_below(-abs(mean) / se, groups - 1), n)


def _grouped(clusters: Sequence[Hashable] | None, n: int) -> Sequence[Hashable]:
    """The clusters where they are any: at least two, fewer than problems; else ()."""
    return clusters if clusters is not None and 2 <= len(set(clusters)) < n else ()


def _t95(groups: int) -> float:
    """Student's 97.5 % quantile at groups - 1 degrees of freedom."""
    return t_quantile(0.975, groups - 1)


def _resampled_means(sums: Any, sizes: Any, seed: int, resamples: int) -> Any:
    """Means over clusters drawn with replacement, in blocks of about a million draws."""
    import numpy as np

    rng, groups = np.random.default_rng(seed), len(sums)
    block = max(1, 1_000_000 // groups)
    alike = groups * sizes[0] if (sizes == sizes[0]).all() else None  # then every draw has as many problems
    means = []
    for start in range(0, resamples, block):
        drawn = rng.integers(groups, size=(min(block, resamples - start), groups))
        means.append(sums[drawn].sum(axis=1) / (alike or sizes[drawn].sum(axis=1)))
    return np.concatenate(means)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values (Holm 1979), in the order given; NaN is not counted."""
    ranked = sorted((p, i) for i, p in enumerate(p_values) if not isnan(p))
    adjusted, worst = [nan] * len(p_values), 0.0
    for rank, (p, i) in enumerate(ranked):
        worst = max(worst, min(1.0, (len(ranked) - rank) * p))
        adjusted[i] = worst
    return adjusted


def _codes(clusters: Sequence[Hashable]) -> Any:
    """Cluster names to 0..G-1, in order of first appearance."""
    import numpy as np

    numbers = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    return np.array([numbers[name] for name in clusters])
