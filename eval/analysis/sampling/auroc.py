"""AUROC: the probability that a right sample has the higher score (ties half).

Intervals are over problems (clustered DeLong, Obuchowski 1997), not over samples, and never empty.
"""

from __future__ import annotations

from math import isnan, nan
from typing import Any

from lab.statistics.distributions import ranks, t_quantile
from lab.statistics.proportion import freedom, moderated, upper_of


def auroc(correct: Any, score: Any) -> float:
    """Area under the ROC curve; NaN if a class is missing."""
    return float(_placements(correct, score)[0])


def _placements(correct: Any, score: Any) -> tuple[float, Any]:
    """AUROC and each sample's placement: the share of the other class on whose correct side it is."""
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
    """(AUROC, low, high) over all samples, with the error of the samples' `clusters`; NaN if undefined.

    The ends are those of a proportion. It is worth `answers_worth` answers if its variance is Hanley and
    McNeil's; DeLong's clustered variance over theirs is the design effect, moderated as for a proportion.
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
    """The number of answers that an AUROC is worth as a proportion, A (1 - A) / variance, by Hanley and
    McNeil 1982.

    Both numbers are replaced by their mean where they occur alone, as in Newcombe 2006 (method 5).
    """
    more = (right + wrong) / 2 - 1
    return right * wrong / (1 + more * ((1 - auroc) / (2 - auroc) + auroc / (1 + auroc)))
