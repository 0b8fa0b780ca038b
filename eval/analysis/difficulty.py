"""Accuracy by difficulty: problems in quantiles of the base model's pass@1 (Snell et al. 2024).

The bins look at the gold. They describe where a method helps; nothing may choose by them.
"""

from __future__ import annotations

from typing import Any

from eval.analysis.pools import Pool
from eval.analysis.shape import DifficultyBin
from eval.analysis.tables import Group
from eval.statistics import mean_interval

BINS = 5


def difficulty(group: Group, pass_1: dict[tuple[str, str], float]) -> list[DifficultyBin]:
    """Every method at its largest n, per bin; problems without a pass@1 are left out."""
    import numpy as np

    kept = np.array([i for i, p in enumerate(group.problems) if p in pass_1], dtype=int)
    if not len(kept):
        return []
    base = np.array([pass_1[group.problems[i]] for i in kept])
    bins = bins_of(base)
    rows = []
    for series in group.series:
        for b in np.unique(bins):
            inside = bins == b
            of = kept[inside]
            mean = mean_interval(series.accuracy[of, -1].tolist(), group.clusters[of].tolist())
            edges = float(base[inside].min()), float(base[inside].max())
            names = (group.task, series.method.id, int(b), *edges, len(of), series.ns[-1])
            rows.append(DifficultyBin(*names, mean.mean, mean.low, mean.high))
    return rows


def bins_of(pass_1: Any) -> Any:
    """1 (easiest) .. 5 by quantiles; equal values share a bin, so with many ties some bins are empty."""
    import numpy as np

    edges = np.quantile(-pass_1, np.linspace(0, 1, BINS + 1)[1:-1])
    return 1 + np.searchsorted(edges, -pass_1, side="left")


def first_pass_1(pools: list[Pool]) -> dict[tuple[str, str], float]:
    """pass@1 of every problem over the first stage's base pools."""
    import numpy as np

    found: dict[tuple[str, str], float] = {}
    for pool in (p for p in pools if p.stage == pools[0].stage):
        right = np.bincount(pool.problem, weights=pool.correct) / np.bincount(pool.problem)
        found |= dict(zip(pool.ids, right.tolist(), strict=True))
    return found
