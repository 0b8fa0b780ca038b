"""The gain from training on problems like the training problems, and how much of it remains on others.

A set is a group of test problems (same, harder, rephrased, unseen, ...); one of them is the reference. A gain
is tuned minus untrained on the same problems (paired). The gap of a set is the reference's gain minus its
own. Two sets have different problems, so their intervals are combined as those of independent values (MOVER,
Zou and Donner 2008); for a transfer the bootstrap resamples each set separately, both models together. Two
sets of the same problems in other words are treated in the same way, which makes their interval rather wide.
Problems without a scored answer widen the intervals. Dziri et al. 2023 (arXiv 2305.18654) and Mirzadeh et al.
2024 (arXiv 2410.05229) compare such sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any

from lab.core.seeds import derive_seed
from lab.statistics.bootstrap import RESAMPLES, draws, interval, joined, means
from lab.statistics.bounds import apart, bounded_difference, bounded_mean, filled, hull

ProblemResults = Mapping[str, tuple[float, str]]
"""Problem id -> (correctness in [0, 1], NaN without a scored answer; cluster)."""
ValueLowHigh = tuple[float, float, float]
"""A value with the ends of its 95 % interval; NaN where undefined."""
UNKNOWN: ValueLowHigh = (nan, nan, nan)


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
    """A mean over one set's problems, in the data and in every resample, and the number of resampled
    clusters.

    `worlds`: with missing values at their minimum, and at their maximum; () if none are missing.
    """

    value: float
    drawn: Any
    groups: int
    worlds: tuple[Mean, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """One set: its accuracy and, if the untrained model also answered it, the gain on `paired` problems.

    `worlds`: the same with missing answers all wrong, and all right; () if none are missing.
    """

    problems: int
    accuracy: ValueLowHigh
    paired: int = 0
    gain: ValueLowHigh = UNKNOWN
    change: Mean | None = None
    worlds: tuple[Measured, ...] = ()


def generalisation(
    model: str,
    strategy: str,
    sets: Mapping[str, ProblemResults],
    reference: str,
    base: str = "",
    untrained: Mapping[str, ProblemResults] | None = None,
    *,
    seed: int = 0,
) -> list[Generalisation]:
    """One row per set with results, in order. Without `untrained` there are no gains.

    The reference set itself has no drop, gap or transfer.
    """
    before = untrained or {}
    known = {name: r for name, r in sets.items() if _scored(r)}
    found = {name: measured(name, r, before.get(name, {}), seed) for name, r in known.items()}
    rows = []
    for name, mine in found.items():
        other = found.get(reference) if name != reference else None
        drop = difference([(x.accuracy, y.accuracy) for x, y in apart(other, mine)]) if other else UNKNOWN
        gap = rest = UNKNOWN
        if other and other.change and mine.change:
            gap = difference([(x.gain, y.gain) for x, y in apart(other, mine)])
            rest = ratio(mine.change, other.change) if other.gain[1] > 0 else UNKNOWN
        head = (model, strategy, name, reference, mine.problems, *mine.accuracy, *drop)
        rows.append(Generalisation(*head, base if mine.paired else "", mine.paired, *mine.gain, *gap, *rest))
    return rows


def measured(name: str, after: ProblemResults, before: ProblemResults, seed: int) -> Measured:
    """A set's accuracy and gain with their intervals and resamples; sets with the same name have the same
    resamples.
    """
    shared = {id: pair for id, pair in after.items() if id in before}
    missing = any(isnan(value) for value, _ in (*after.values(), *(before[id] for id in shared)))
    worlds = [_levels(_filled(after, end), _filled(before, 1 - end), seed) for end in (0.0, 1.0) if missing]
    found = replace(_levels(after, before, seed), worlds=tuple(worlds))
    return replace(found, change=bounded(shared, before, name, seed)) if found.paired else found


def _levels(after: ProblemResults, before: ProblemResults, seed: int) -> Measured:
    """Accuracy and gain with their intervals."""
    found = bounded_mean([value for value, _ in after.values()], [c for _, c in after.values()])
    accuracy = (found.mean, found.low, found.high)
    shared = {id: pair for id, pair in after.items() if id in before}
    old, new = [before[id][0] for id in shared], [value for value, _ in shared.values()]
    d = bounded_difference(old, new, [cluster for _, cluster in shared.values()], seed=seed)
    return Measured(found.n, accuracy, d.n, (d.mean, d.low, d.high)) if d.n else Measured(found.n, accuracy)


def _filled(results: ProblemResults, missing: float) -> ProblemResults:
    return {id: (missing if isnan(value) else value, c) for id, (value, c) in results.items()}


def bounded(after: ProblemResults, before: ProblemResults, name: str, seed: int) -> Mean:
    """The mean of after minus before, with its `worlds` if some values are unknown."""
    ids, names = list(after), [cluster for _, cluster in after.values()]
    new, old = [value for value, _ in after.values()], [before[id][0] for id in ids]

    def less(mine: Sequence[float], other: Sequence[float]) -> dict[str, tuple[float, str]]:
        pairs = zip(mine, other, names, strict=True)
        return {id: (a - b, c) for id, (a, b, c) in zip(ids, pairs, strict=True)}

    found = less(new, old)
    known = _scored(found)
    ends = (0.0, 1.0) if len(known) < len(found) else ()
    worlds = [less(filled(new, missing), filled(old, 1 - missing)) for missing in ends]
    mean = resampled(known, name, seed)
    return replace(mean, worlds=tuple(resampled(world, name, seed) for world in worlds))


def _scored(results: ProblemResults) -> dict[str, tuple[float, str]]:
    """Those with a scored answer."""
    return {id: pair for id, pair in results.items() if not isnan(pair[0])}


def resampled(values: ProblemResults, name: str, seed: int) -> Mean:
    """The mean of one set's values and its resamples: problems, or clusters, with replacement."""
    import numpy as np

    numbers = np.array([value for value, _ in values.values()])
    names = [cluster for _, cluster in values.values()]
    if len(set(names)) < 2:  # one cluster has no variance: its problems have
        names = list(values)
    order = {cluster: i for i, cluster in enumerate(dict.fromkeys(names))}
    clusters = np.array([order[cluster] for cluster in names])
    drawn = draws(clusters, RESAMPLES, derive_seed("generalisation", seed, name))
    return Mean(float(numbers.mean()), means(numbers[:, None], drawn)[1:, 0], len(order))


def difference(pairs: Sequence[tuple[ValueLowHigh, ValueLowHigh]]) -> ValueLowHigh:
    """The first pair's difference, of different problems; the interval covers those of all pairs.

    Without an interval (NaN) if one of the first pair has none.
    """
    (a, *_), (b, *_) = pairs[0]
    return a - b, *hull([_ends_apart(x, y) for x, y in pairs])


def _ends_apart(a: ValueLowHigh, b: ValueLowHigh) -> tuple[float, float]:
    (x, x_low, x_high), (y, y_low, y_high) = a, b
    if any(map(isnan, (*a, *b))):
        return nan, nan
    return x - y - joined(x - x_low, y_high - y, 0.0), x - y + joined(x_high - x, y - y_low, 0.0)


def ratio(a: Mean, b: Mean) -> ValueLowHigh:
    """a over b, resampled separately; a resample without any b is infinite with the sign of its a."""
    return a.value / b.value, *hull([_quotient(x, y) for x, y in apart(a, b)])


def _quotient(a: Mean, b: Mean) -> tuple[float, float]:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(b.drawn > 0, a.drawn / b.drawn, np.copysign(np.inf, a.drawn))
    return interval(drawn, min(a.groups, b.groups))
