"""The intervals of confidence metrics: each as a proportion of the answers over which it is a mean.

A bootstrap of two right answers is constant; as proportions the intervals are never empty. AUROC and PRR,
which is nearly 2 AUROC - 1, have as much information as the rarer class of answers allows (`answers_worth`).
"""

from __future__ import annotations

from math import ceil
from typing import Any

from eval.analysis.sampling.auroc import answers_worth
from lab.statistics.bootstrap import bounded, interval


def ends_of(name: str, values: Any, right: int, sizes: Any) -> tuple[float, float]:
    """95 % interval of the statistic `name` from its `values`, of the data and of the resamples.

    `sizes`: (clusters,) answers in each; `right` of them are right. NaN if it is undefined.
    """
    answers = int(sizes.sum())
    wrong = answers - right
    if name.startswith("coverage"):  # it jumps from level to level, so the resamples are used
        both = (bounded(values, answers, sizes), interval(values[1:], len(sizes)))
        return min(low for low, _ in both), max(high for _, high in both)
    if name not in ("auroc", "prr"):
        return bounded(values, answers, sizes)
    if not right or not wrong:
        return bounded(values * float("nan"), answers, sizes)
    if name == "auroc":
        return bounded(values, answers_worth(float(values[0]), right, wrong), sizes)
    if values[0] < -1:  # far below chance: no proportion
        return interval(values[1:], len(sizes))
    middle = (1 + values) / 2
    low, high = bounded(middle, answers_worth(float(middle[0]), right, wrong), sizes)
    return 2 * low - 1, 2 * high - 1


def accuracy_ends(values: Any, coverage: float, sizes: Any) -> tuple[float, float]:
    """The same for the accuracy of the most confident `coverage` of the answers."""
    return bounded(values, max(1, ceil(coverage * int(sizes.sum()) - 1e-9)), sizes)
