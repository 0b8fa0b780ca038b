"""What training gained on problems like those it was trained on, and how much of that is left on others.

A set is a group of test problems (same, harder, rephrased, unseen, ...); one of them is the reference. A
gain is tuned minus untrained on the same problems (paired). The gap of a set is the reference's gain minus
its own: two sets have different problems, so the bootstrap resamples each by itself, both models together.
Two sets of the same problems in other words are treated alike, which makes their interval rather wide.
Dziri et al. 2023 (arXiv 2305.18654) and Mirzadeh et al. 2024 (arXiv 2410.05229) compare such sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

from eval.analysis.resample import draws, interval, means
from eval.statistics import mean_interval, paired_bootstrap
from lab.core.seeds import derive_seed

RESAMPLES = 5_000
Results = Mapping[str, tuple[float, str]]
"""Problem id -> (correctness in [0, 1], cluster)."""
Estimate = tuple[float, float, float]
"""A value with the ends of its 95 % interval; NaN where undefined."""
UNKNOWN: Estimate = (nan, nan, nan)


@dataclass(frozen=True, slots=True)
class Generalisation:
    """One model with one strategy on one set of problems; intervals are 95 %, NaN is undefined.

    `drop`: accuracy on the reference set minus accuracy here. `gain`: accuracy minus the `base` model's, over
    the `paired` problems that both have. `gap`: the reference set's gain minus this one.
    `transfer`: this gain over the reference set's, only where that one's interval is above 0.
    """

    model: str
    strategy: str
    test_set: str
    reference: str
    problems: int
    accuracy: float
    low: float
    high: float
    drop: float
    drop_low: float
    drop_high: float
    base: str
    paired: int
    gain: float
    gain_low: float
    gain_high: float
    gap: float
    gap_low: float
    gap_high: float
    transfer: float
    transfer_low: float
    transfer_high: float


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over one set's problems, the same under every draw, and how many clusters were drawn from."""

    value: float
    drawn: Any
    groups: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One set: its accuracy and, where the untrained model answered it too, the gain on `paired` problems."""

    problems: int
    accuracy: Estimate
    level: Mean
    paired: int = 0
    gain: Estimate = UNKNOWN
    change: Mean | None = None


def generalisation(
    model: str,
    strategy: str,
    sets: Mapping[str, Results],
    reference: str,
    base: str = "",
    untrained: Mapping[str, Results] | None = None,
    *,
    seed: int = 0,
) -> list[Generalisation]:
    """One row per set that has results, in order. Without `untrained` there are no gains.

    The reference set itself has neither drop, gap nor transfer.
    """
    before = untrained or {}
    found = {name: measured(name, r, before.get(name, {}), seed) for name, r in sets.items() if r}
    rows = []
    for name, mine in found.items():
        other = found.get(reference) if name != reference else None
        drop = difference(other.level, mine.level) if other else UNKNOWN
        gap = rest = UNKNOWN
        if other and other.change and mine.change:
            gap = difference(other.change, mine.change)
            rest = ratio(mine.change, other.change) if other.gain[1] > 0 else UNKNOWN
        head = (model, strategy, name, reference, mine.problems, *mine.accuracy, *drop)
        rows.append(Generalisation(*head, base if mine.paired else "", mine.paired, *mine.gain, *gap, *rest))
    return rows


def measured(name: str, after: Results, before: Results, seed: int) -> Measured:
    """A set's accuracy and gain with their intervals and draws; sets of one name are drawn alike."""
    interval_ = mean_interval([value for value, _ in after.values()], [c for _, c in after.values()])
    accuracy = (interval_.mean, interval_.low, interval_.high)
    level = resampled(after, name, seed)
    shared = {id: (value - before[id][0], c) for id, (value, c) in after.items() if id in before}
    if not shared:
        return Measured(len(after), accuracy, level)
    old, new = [before[id][0] for id in shared], [after[id][0] for id in shared]
    d = paired_bootstrap(old, new, [cluster for _, cluster in shared.values()], seed=seed)
    return Measured(len(after), accuracy, level, d.n, (d.mean, d.low, d.high), resampled(shared, name, seed))


def resampled(values: Results, name: str, seed: int) -> Mean:
    """The mean of one set's values and its draws: problems, or clusters, with replacement."""
    import numpy as np

    numbers = np.array([value for value, _ in values.values()])
    names = [cluster for _, cluster in values.values()]
    if len(set(names)) < 2:  # one cluster has no variance: its problems have
        names = list(values)
    order = {cluster: i for i, cluster in enumerate(dict.fromkeys(names))}
    clusters = np.array([order[cluster] for cluster in names])
    drawn = draws(clusters, RESAMPLES, derive_seed("generalisation", seed, name))
    return Mean(float(numbers.mean()), means(numbers[:, None], drawn)[1:, 0], len(order))


def difference(a: Mean, b: Mean) -> Estimate:
    """a minus b, drawn apart; the interval is widened for the smaller number of clusters."""
    return a.value - b.value, *interval(a.drawn - b.drawn, min(a.groups, b.groups))


def ratio(a: Mean, b: Mean) -> Estimate:
    """a over b, drawn apart; a draw without any b is infinite on the side of its a."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(b.drawn > 0, a.drawn / b.drawn, np.copysign(np.inf, a.drawn))
    return a.value / b.value, *interval(drawn, min(a.groups, b.groups))
