"""The intervals of what a confidence is judged by: each as a proportion of the answers it is a mean of.

A bootstrap of two right answers is a constant; as proportions these are never empty. AUROC and PRR, which is
nearly 2 AUROC - 1, tell as much as the rarer kind of answers allows (`answers_worth`).
"""

from __future__ import annotations

from math import ceil
from typing import Any

from eval.analysis.sampling.auroc import answers_worth
from lab.statistics.bootstrap import bounded, interval


def ends_of(name: str, values: Any, right: int, sizes: Any) -> tuple[float, float]:
    """95 % interval of the statistic `name` from its `values`, the data's and those of the draws.

    `sizes`: (clusters,) answers in each; `right` of them are right. NaN where it is undefined.
    """
    answers = int(sizes.sum())
    wrong = answers - right
    if name.startswith("coverage"):  # it jumps from level to level: the draws know how far
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
    """The same of the accuracy of the most confident `coverage` of the answers."""
    return bounded(values, max(1, ceil(coverage * int(sizes.sum()) - 1e-9)), sizes)
