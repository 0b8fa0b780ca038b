"""How well a scorer separates right samples from wrong ones.

AUROC pooled over problems also rewards knowing which problem is easy; selection among candidates needs the
AUROC within a problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from math import isnan, nan
from typing import Any

from eval.analysis.inputs.pools import CandidatePool
from eval.analysis.sampling.auroc import auroc, pooled_auroc
from lab.statistics.bounds import bounded_mean, hull

ROC_POINTS = 101


@dataclass(frozen=True, slots=True)
class RocPoint:
    """Rates of accepting at scores >= `threshold`; `precision` None if nothing is accepted."""

    threshold: float
    false_positive: float
    true_positive: float
    precision: float | None


@dataclass(frozen=True, slots=True)
class Verifier:
    """How well a scorer separates right from wrong samples; pooled over problems, and within a problem.

    `within` is the mean over problems that have both right and wrong samples (`mixed` of them) of their own
    AUROC; pooled AUROC also rewards knowing which problem is easy. None if a class is missing.
    """

    task: str
    method: str
    scorer: str
    problems: int
    mixed: int
    samples: int
    pooled: float | None
    pooled_low: float | None
    pooled_high: float | None
    within: float | None
    within_low: float | None
    within_high: float | None
    roc: tuple[RocPoint, ...]


def verifier(pool: CandidatePool) -> Verifier | None:
    """The row of a pool with scores; None without. Failed candidates have no score and are left out; missing
    problems widen the intervals.
    """
    import numpy as np

    known = np.isfinite(pool.score)
    if not known.any():
        return None
    correct, score, problem = pool.correct[known], pool.score[known], pool.problem[known]
    pooled = _widened(pool, correct, score, pool.clusters[problem])
    ends = np.searchsorted(problem, np.arange(len(pool.ids) + 1))
    each = [auroc(correct[i:j], score[i:j]) for i, j in pairwise(ends)]
    mixed = [p for p, value in enumerate(each) if not isnan(value)]
    clusters = [int(c) for c in (*pool.clusters[mixed], *pool.missing)]
    within = bounded_mean([*(each[p] for p in mixed), *(nan for _ in pool.missing)], clusters)
    names = (pool.task, pool.method, pool.scorer, len(pool.ids), len(mixed), int(known.sum()))
    value, low, high = map(_known, pooled)
    inside = (_known(within.mean), _known(within.low), _known(within.high))
    return Verifier(*names, value, low, high, *inside, roc(correct, score))


def _widened(pool: CandidatePool, correct: Any, score: Any, clusters: Any) -> tuple[float, float, float]:
    """`pooled_auroc` with the outermost ends of all missing samples right or wrong, with the best or worst
    score.
    """
    import numpy as np

    value, *ends = pooled_auroc(correct, score, clusters)
    more = pool.n * len(pool.missing)
    names = np.concatenate([clusters, np.repeat(pool.missing, pool.n)]) if more else clusters
    cases = product((0.0, 1.0), (score.min() - 1, score.max() + 1)) if more else ()
    worlds = [
        pooled_auroc(np.append(correct, [right] * more), np.append(score, [extreme] * more), names)[1:]
        for right, extreme in cases
    ]
    return value, *hull([(ends[0], ends[1]), *worlds])


def roc(correct: Any, score: Any) -> tuple[RocPoint, ...]:
    """ROC points at up to 101 thresholds, from the strictest."""
    import numpy as np

    right, values = correct > 0.5, np.unique(score)[::-1]
    if len(values) > ROC_POINTS:
        values = values[np.linspace(0, len(values) - 1, ROC_POINTS).round().astype(int)]
    good, bad = np.sort(score[right]), np.sort(score[~right])
    points = []
    for value in values:
        true, false = len(good) - np.searchsorted(good, value), len(bad) - np.searchsorted(bad, value)
        rates = float(false / max(len(bad), 1)), float(true / max(len(good), 1))
        points.append(RocPoint(float(value), *rates, float(true / (true + false)) if true + false else None))
    return tuple(points)


def _known(value: float) -> float | None:
    return None if isnan(value) else value
