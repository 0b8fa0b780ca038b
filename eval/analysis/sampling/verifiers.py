"""How well a scorer tells right samples from wrong ones, and what its false positives cost.

AUROC is the chance that a right sample has the higher score (ties half). Pooled over problems it also rewards
knowing which problem is easy; within a problem it is what choosing among candidates needs. Intervals
are of the problems (clustered DeLong, Obuchowski 1997), not of the samples, and never empty.
"""

from __future__ import annotations

from itertools import pairwise, product
from math import isnan, nan
from typing import Any

from eval.analysis.inputs.pools import CandidatePool
from eval.analysis.sampling.coverage import pass_table
from eval.analysis.shape import FalsePositives, RocPoint, VerificationGap, Verifier
from eval.estimators.pool import powers
from lab.statistics.bounds import bounded_difference, bounded_mean, hull
from lab.statistics.distributions import ranks, t_quantile
from lab.statistics.proportion import freedom, moderated, upper_of

ROC_POINTS = 101
ACCEPT = (0.5, 0.25, 0.1)
"""Thresholds at which these shares of all samples are accepted."""
KEPT = 0.25


def auroc(correct: Any, score: Any) -> float:
    """Area under the ROC curve; NaN where a class is missing."""
    return float(_placements(correct, score)[0])


def _placements(correct: Any, score: Any) -> tuple[float, Any]:
    """AUROC and each sample's placement: the share of the other class that it is on the right side of."""
    import numpy as np

    right = correct > 0.5
    positives, negatives = int(right.sum()), int((~right).sum())
    if not positives or not negatives:
        return nan, np.full(len(correct), nan)
    rank, placed = ranks(score), np.empty(len(score))
    placed[right] = (rank[right] - ranks(score[right])) / negatives
    placed[~right] = 1 - (rank[~right] - ranks(score[~right])) / positives
    return float(placed[right].mean()), placed


def pooled_auroc(correct: Any, score: Any, clusters: Any) -> tuple[float, float, float]:
    """(AUROC, low, high) over all samples, with the error of the samples' `clusters`; NaN where undefined.

    The ends are those of a proportion. It is worth `answers_worth` answers where its variance is Hanley and
    McNeil's; DeLong's clustered variance over theirs is the design effect, moderated as a proportion's is.
    """
    import numpy as np

    value, placed = _placements(correct, score)
    codes = np.unique(clusters, return_inverse=True)[1]
    sizes = np.bincount(codes).astype(float)
    if isnan(value) or len(sizes) < 2:
        return value, nan, nan
    right, groups = correct > 0.5, len(sizes)
    worth = answers_worth(value, int(right.sum()), int((~right).sum()))
    share = np.where(right, (placed - value) / right.sum(), (placed - value) / (~right).sum())
    variance = groups / (groups - 1) * float((np.bincount(codes, weights=share) ** 2).sum())
    effect = variance * worth / max(value * (1 - value), 1e-12)
    events = min(value, 1 - value) * worth
    taken, t = worth / moderated(effect, events, sizes), t_quantile(0.975, freedom(sizes))
    return value, 1 - float(upper_of(1 - value, taken, t)), float(upper_of(value, taken, t))


def answers_worth(auroc: float, right: int, wrong: int) -> float:
    """How many answers an AUROC is worth as a proportion, A (1 - A) / variance, by Hanley and McNeil 1982.

    With both numbers replaced by their mean where they stand alone, as Newcombe 2006 (method 5) has it.
    """
    more = (right + wrong) / 2 - 1
    return right * wrong / (1 + more * ((1 - auroc) / (2 - auroc) + auroc / (1 + auroc)))


def verifier(pool: CandidatePool) -> Verifier | None:
    """The row of a pool with scores; None without. Failed candidates have no score and are left out; problems
    that are missing widen the intervals."""
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
    """`pooled_auroc` with the outer ends of all missing samples right or wrong, scored best or worst."""
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


def false_positives(pool: CandidatePool) -> list[FalsePositives]:
    """Resampling until accepted at a few thresholds, exactly from the pool (Stroebl et al. 2024).

    With a of n samples accepted, r of them right: k draws without replacement hold an accepted one with
    probability pass@k(n, a), and the first accepted is right with probability r / a.
    """
    import numpy as np

    known = np.isfinite(pool.score)
    if not known.any() or not pool.independent:
        return []
    thresholds = np.unique(np.quantile(pool.score[known], [1 - share for share in ACCEPT], method="higher"))
    return [_at(pool, float(t), np.where(known, pool.score, -np.inf) >= t) for t in thresholds]


def _at(pool: CandidatePool, threshold: float, accepted: Any) -> FalsePositives:
    import numpy as np

    size, right = len(pool.ids), pool.correct > 0.5
    count = np.bincount(pool.problem, weights=accepted, minlength=size)
    good = np.bincount(pool.problem, weights=accepted & right, minlength=size)
    all_good = np.bincount(pool.problem, weights=right, minlength=size)
    precision = good / np.maximum(count, 1)
    ks = powers(pool.n, include=True)
    columns = [k - 1 for k in ks]
    some, oracle = pass_table(count, pool.n)[:, columns], pass_table(all_good, pool.n)[:, columns]
    return FalsePositives(
        task=pool.task,
        method=pool.method,
        scorer=pool.scorer,
        threshold=threshold,
        false_positive=float((accepted & ~right).sum() / max((~right).sum(), 1)),
        true_positive=float((accepted & right).sum() / max(right.sum(), 1)),
        precision=float(good.sum() / count.sum()) if count.sum() else None,
        ks=tuple(ks),
        curve=tuple(float(x) for x in (some * precision[:, None]).mean(axis=0)),
        oracle=tuple(float(x) for x in oracle.mean(axis=0)),
        ceiling=float(precision.mean()),
    )


def verification_gap(pool: CandidatePool, *, seed: int = 0) -> VerificationGap | None:
    """Accuracy of the best-scored quarter of each problem's samples minus that of all (Song et al. 2024).

    Samples tied at the quarter's edge share its last places. None without scores.
    """
    import numpy as np

    if not np.isfinite(pool.score).any():
        return None
    size = len(pool.ids)
    score = np.where(np.isnan(pool.score), -np.inf, pool.score)
    ends = np.searchsorted(pool.problem, np.arange(size + 1))
    mine = [_kept(score[i:j], pool.correct[i:j]) for i, j in pairwise(ends)]
    every = np.bincount(pool.problem, weights=pool.correct, minlength=size) / np.bincount(pool.problem)
    lost, clusters = [nan] * len(pool.missing), [*pool.clusters.tolist(), *pool.missing]
    gap = bounded_difference([*every.tolist(), *lost], [*mine, *lost], clusters, seed=seed)
    base = float(every.mean())
    relative = gap.mean / (1 - base) if base < 1 else None
    names = (pool.task, pool.method, pool.scorer, KEPT)
    return VerificationGap(*names, base, float(np.mean(mine)), gap.mean, gap.low, gap.high, relative)


def _kept(score: Any, correct: Any) -> float:
    """Mean correctness of the best quarter (at least one), ties sharing."""
    import numpy as np

    places = max(1, round(KEPT * len(score)))
    edge = np.sort(score)[-places]
    above, tied = score > edge, score == edge
    rest = (places - above.sum()) * correct[tied].mean()
    return float((correct[above].sum() + rest) / places)


def _known(value: float) -> float | None:
    return None if isnan(value) else value
