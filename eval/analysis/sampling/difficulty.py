"""Accuracy by difficulty: problems in quantiles of the base model's pass@1 (Snell et al. 2024).

The bins use the gold. They describe where a method helps, and must not be used for choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eval.analysis.inputs.outcomes import Group
from eval.analysis.inputs.pools import CandidatePool
from lab.statistics.bounds import widened
from lab.statistics.means import Interval, mean_interval

BINS = 5


@dataclass(frozen=True, slots=True)
class DifficultyBin:
    """A method's accuracy at its largest n on the problems of one bin; bin 1 is the easiest.

    Bins are quantiles of pass@1 over the first stage's pool (Snell et al. 2024). They use the gold: for
    description only, never for choosing.
    """

    task: str
    method: str
    bin: int
    pass_1_low: float
    pass_1_high: float
    problems: int
    n: int
    accuracy: float
    low: float
    high: float


def difficulty(group: Group, pass_1: dict[tuple[str, str], float]) -> list[DifficultyBin]:
    """Every method at its largest n, per bin; problems without a pass@1 are left out."""
    import numpy as np

    kept, base = _known(group, pass_1)
    if not len(kept):
        return []
    bins = bins_of(base)
    worlds = [(world, *_known(world, pass_1)) for world in group.worlds()]
    rows = []
    for i, series in enumerate(group.series):
        for b in np.unique(bins):
            inside = bins == b
            of = kept[inside]
            others = [_mean(world, i, all_[bins_of(rate, base) == b]) for world, all_, rate in worlds]
            mean = widened(_mean(group, i, of), *others)
            edges = float(base[inside].min()), float(base[inside].max())
            names = (group.task, series.method.id, int(b), *edges, len(of), series.ns[-1])
            rows.append(DifficultyBin(*names, mean.mean, mean.low, mean.high))
    return rows


def _known(group: Group, pass_1: dict[tuple[str, str], float]) -> tuple[Any, Any]:
    """Which of a group's problems have a pass@1, and those."""
    import numpy as np

    kept = [i for i, p in enumerate(group.problems) if p in pass_1]
    return np.array(kept, dtype=int), np.array([pass_1[group.problems[i]] for i in kept])


def _mean(group: Group, series: int, of: Any) -> Interval:
    """A series at its largest n, on the problems `of` the group."""
    return mean_interval(group.series[series].accuracy[of, -1].tolist(), group.clusters[of].tolist())


def bins_of(pass_1: Any, among: Any = None) -> Any:
    """1 (easiest) .. 5 by quantiles; equal values share a bin, so with many ties some bins are empty.

    The quantiles are those of `among`, else of `pass_1`.
    """
    import numpy as np

    edges = np.quantile(-(pass_1 if among is None else among), np.linspace(0, 1, BINS + 1)[1:-1])
    return 1 + np.searchsorted(edges, -pass_1, side="left")


def first_pass_1(pools: list[CandidatePool]) -> dict[tuple[str, str], float]:
    """pass@1 of every problem over the first stage's base pools."""
    import numpy as np

    found: dict[tuple[str, str], float] = {}
    for pool in (p for p in pools if p.stage == pools[0].stage):
        right = np.bincount(pool.problem, weights=pool.correct) / np.bincount(pool.problem)
        found |= dict(zip(pool.ids, right.tolist(), strict=True))
    return found
