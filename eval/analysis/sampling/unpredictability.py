"""Are answers less predictable if the model reasons longer?

Over problems, the rank correlation between the tokens of its samples and the diversity of their answers:
entropy (nats, over canonical values, unparsed answers as a separate class) and the probability that two
samples disagree. Hard problems take more tokens and have more diverse answers, so the correlation is also
given with pass@1 held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

from eval.analysis.inputs.pools import CandidatePool
from lab.statistics.bootstrap import draws, interval_where_varied

CELLS = 100_000
"""Problems times resamples in one computation of a correlation."""


@dataclass(frozen=True, slots=True)
class Unpredictability:
    """Entropy (nats) and pairwise disagreement of a pool's answers against the tokens of its samples.

    `entropy_rho`, `disagreement_rho`: Spearman over problems between mean tokens and each; `partial_rho` is
    that of the entropy with pass@1 (difficulty) held fixed. Longer reasoning is less predictable only if low
    > 0. None if one side is constant.
    """

    task: str
    method: str
    problems: int
    tokens: float
    entropy: float
    disagreement: float
    entropy_rho: float | None
    entropy_low: float | None
    entropy_high: float | None
    disagreement_rho: float | None
    disagreement_low: float | None
    disagreement_high: float | None
    partial_rho: float | None
    partial_low: float | None
    partial_high: float | None


def unpredictability(pool: CandidatePool, resamples: int, seed: int) -> Unpredictability:
    """The row of a pool; intervals by bootstrap over its clusters of problems."""
    import numpy as np

    size = len(pool.ids)
    count = np.bincount(pool.problem, minlength=size)
    tokens = np.bincount(pool.problem, weights=pool.tokens, minlength=size) / count
    right = np.bincount(pool.problem, weights=pool.correct, minlength=size) / count
    entropy, disagreement = spread(pool.problem, pool.value, size)
    drawn = draws(pool.clusters, resamples, seed)
    correlations = drawn.each(
        lambda weights: _correlations(tokens, entropy, disagreement, right, weights), cells=CELLS
    )
    found = [x for rho in correlations.T for x in _row(rho, drawn.groups)]
    means = (float(tokens.mean()), float(entropy.mean()), float(disagreement.mean()))
    return Unpredictability(pool.task, pool.method, size, *means, *found)


def _correlations(tokens: Any, entropy: Any, disagreement: Any, right: Any, weights: Any) -> Any:
    """(draws, 3): tokens with entropy, with disagreement, with entropy at pass@1 held fixed."""
    import numpy as np

    weights = weights.astype(float)
    ranks = [weighted_ranks(x, weights) for x in (tokens, entropy, disagreement, right)]
    with_entropy, with_disagreement = (_correlation(ranks[0], r, weights) for r in ranks[1:3])
    t_right, e_right = (_correlation(r, ranks[3], weights) for r in ranks[:2])
    with np.errstate(invalid="ignore", divide="ignore"):
        partial = (with_entropy - t_right * e_right) / np.sqrt((1 - t_right**2) * (1 - e_right**2))
    return np.stack([with_entropy, with_disagreement, partial], axis=1)


def spread(problem: Any, value: Any, size: int) -> tuple[Any, Any]:
    """Per problem: entropy of its answers in nats, and the share of pairs of its samples that differ.

    Pairs are of two different samples, so disagreement is unbiased; 0 for a single sample.
    """
    import numpy as np

    whose, times = _classes(problem, value)
    n = np.bincount(problem, minlength=size)
    share = times / n[whose]
    entropy = -np.bincount(whose, weights=share * np.log(share), minlength=size)
    same = np.bincount(whose, weights=times * (times - 1), minlength=size)
    return np.abs(entropy), np.where(n > 1, 1 - same / np.maximum(n * (n - 1), 1), 0.0)


def _classes(problem: Any, value: Any) -> tuple[Any, Any]:
    """(the problem, how many samples) of every answer class, problem by problem.

    The smallest class first: problems with the same class sizes then have exactly equal entropies, and equal
    ranks.
    """
    import numpy as np

    order = np.lexsort((value, problem))
    of, codes = problem[order], value[order]
    new = np.flatnonzero(np.concatenate([[True], (of[1:] != of[:-1]) | (codes[1:] != codes[:-1])]))
    times = np.diff(np.append(new, len(of)))
    sizes = np.lexsort((times, of[new]))
    return of[new][sizes], times[sizes]


def weighted_ranks(values: Any, weights: Any) -> Any:
    """(draws, problems) mid-ranks of the values when problem i is there weights[draw, i] times."""
    import numpy as np

    known, code = np.unique(values, return_inverse=True)
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(len(known)))
    there = np.add.reduceat(weights[:, order], starts, axis=1)
    return (np.cumsum(there, axis=1) - there / 2)[:, code]


def _correlation(a: Any, b: Any, weights: Any) -> Any:
    """Pearson's correlation of two rank arrays per resample; NaN if one is constant."""
    import numpy as np

    total = weights.sum(axis=1)
    a = a - ((weights * a).sum(axis=1) / total)[:, None]
    b = b - ((weights * b).sum(axis=1) / total)[:, None]
    products = (weights * a * b).sum(axis=1)
    squares = (weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(squares > 1e-9, products / np.sqrt(squares), np.nan)


def _row(rho: Any, groups: int) -> tuple[float | None, float | None, float | None]:
    low, high = interval_where_varied(rho[1:], groups)
    return tuple(None if isnan(x) else float(x) for x in (rho[0], low, high))  # type: ignore[return-value]
