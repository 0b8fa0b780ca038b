"""Computes the points of the curves from per-problem outcomes.

A series is a point in progress: for every problem one accuracy and its costs, as plain numbers. Every
strategy gives a measured series at its n, and its pool gives derived series at k = 1, 2, 4, ... < n. A
derived point costs what a run with its k samples would be charged in expectation: see
`eval.estimators.derived`.

A failed or unscored answer is not a wrong one: it is left out of the mean and counted, and it widens the
interval, which reaches from the lower end with all of them wrong to the upper end with all of them right. A
point without a scored answer has no accuracy.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any

from lab.core.scheduling.jobs import Outcome
from lab.formats.ledger import COSTS, TIMES, Costs
from lab.formats.outcomes import OutcomeSeries
from lab.formats.parts.series import SeriesHead, StoredSeries
from lab.formats.points import POOLED, Point, PointOrigin
from lab.language.extraction import READERS
from lab.statistics.bounds import bounded_mean


@dataclass(frozen=True, slots=True)
class PointKey:
    """Identifies a point within a task; the order of appearance is the row order."""

    strategy: str
    scorer: str
    n: int
    origin: PointOrigin
    ceiling: bool = False


@dataclass(slots=True)
class PointSeries:
    """One point's problems: 11 numbers each, no texts. `accuracy` is NaN if it was not measured: `failed` of
    these got no answer, the others are unscored.
    """

    accuracy: array[float] = field(default_factory=lambda: array("d"))
    cluster: array[int] = field(default_factory=lambda: array("q"))
    costs: tuple[array[float], ...] = field(
        default_factory=lambda: tuple(array("d") for _ in (*COSTS, *TIMES))
    )
    mc_variance: float = 0.0
    failed: int = 0

    def add(
        self, accuracy: float, cluster: int, costs: Costs, mc_se: float = 0.0, *, failed: bool = False
    ) -> None:
        """Adds one problem."""
        self.failed += failed
        self.accuracy.append(accuracy)
        self.cluster.append(cluster)
        for column, cost in zip(self.costs, costs, strict=True):
            column.append(cost)
        self.mc_variance += mc_se * mc_se

    def extend(self, other: PointSeries, shift: int = 0) -> None:
        """Adds more problems; those of another task with their clusters numbered from `shift` on."""
        self.accuracy.extend(other.accuracy)
        self.cluster.extend(array("q", (c + shift for c in other.cluster)))
        for column, more in zip(self.costs, other.costs, strict=True):
            column.extend(more)
        self.mc_variance += other.mc_variance
        self.failed += other.failed


class Points:
    """Collects series per task and turns them into rows: tasks in order, then POOLED if there are several."""

    def __init__(self) -> None:
        self._tasks: dict[str, dict[PointKey, PointSeries]] = {}

    def add(
        self,
        task: str,
        key: PointKey,
        accuracy: float,
        cluster: int,
        costs: Costs,
        mc_se: float = 0.0,
        *,
        failed: bool = False,
    ) -> None:
        """Adds one problem to one point."""
        series = self._tasks.setdefault(task, {}).setdefault(key, PointSeries())
        series.add(accuracy, cluster, costs, mc_se, failed=failed)

    def stored(self) -> Iterator[StoredSeries]:
        """Every series without its clusters, for `absorb` in another process."""
        for task, points in self._tasks.items():
            for key, series in points.items():
                size, failed, variance = len(series.accuracy), series.failed, series.mc_variance
                names = (task, key.strategy, key.scorer, key.n, key.origin, key.ceiling)
                head = SeriesHead(*names, size, failed, variance)
                yield StoredSeries(head, series.accuracy, series.costs)

    def absorb(self, more: StoredSeries, clusters: Sequence[int]) -> None:
        """Adds the problems of a series that another process has made, and their clusters.

        Raises ValueError if it does not have one number for each of them.
        """
        head = more.head
        if head.size != len(clusters):
            raise ValueError(f"a series has {head.size} problems instead of {len(clusters)}")
        key = PointKey(head.strategy, head.scorer, head.n, head.origin, head.ceiling)
        series = self._tasks.setdefault(head.task, {}).setdefault(key, PointSeries())
        numbers = array("q", clusters)
        series.extend(PointSeries(more.accuracy, numbers, more.costs, head.mc_variance, head.failed))

    def outcomes(self, problems: Mapping[str, Sequence[str]]) -> Iterator[OutcomeSeries]:
        """Every point problem by problem; `problems` are the ids of each task's problems in order."""
        for task, found in self._tasks.items():
            for key, series in found.items():
                costs = dict(zip((*COSTS, *TIMES), series.costs, strict=True))
                head = (task, key.strategy, key.scorer, key.n, key.origin)
                yield OutcomeSeries(
                    *head, key.ceiling, problems[task], series.cluster, series.accuracy, costs
                )

    def rows(self, stage: str, model: str) -> list[Point]:
        """Every point; if there are several tasks, a task named POOLED has the problems of all of them."""
        tasks = dict(self._tasks)
        if len(tasks) > 1:
            tasks[POOLED] = _pooled(list(self._tasks.values()))
        return [
            point(stage, model, task, key, series)
            for task, points in tasks.items()
            for key, series in points.items()
        ]

    def monte_carlo_error(self) -> float:
        """The largest Monte-Carlo standard error of any point's accuracy (their intervals contain it)."""
        series = [s for points in self._tasks.values() for s in points.values()]
        return max((s.mc_variance**0.5 / len(s.accuracy) for s in series), default=0.0)


def point(stage: str, model: str, task: str, key: PointKey, series: PointSeries) -> Point:
    """Means over the scored problems, and the interval of their accuracy, widened for failed and unscored
    ones.
    """
    kept = [i for i, a in enumerate(series.accuracy) if not isnan(a)]
    missing = len(series.accuracy) - len(kept)
    interval = bounded_mean(series.accuracy, series.cluster)
    columns = {n: [c[i] for i in kept] for n, c in zip((*COSTS, *TIMES), series.costs, strict=True)}
    busy = sum(columns["seconds"])
    return Point(
        stage=stage,
        model=model,
        task=task,
        strategy=key.strategy,
        scorer=key.scorer,
        samples=key.n,
        problems=len(kept),
        accuracy=interval.mean,
        ci_low=interval.low,
        ci_high=interval.high,
        **{name: _mean(columns[name]) for name in COSTS},
        origin=key.origin,
        failed=series.failed,
        unscored=missing - series.failed,
        latency_p50=_quantile(columns["latency"], 0.50),
        latency_p95=_quantile(columns["latency"], 0.95),
        concurrency=sum(columns["resident"]) / busy if busy else nan,
        readers=READERS,
    )


def costs_of(outcome: Outcome[Any]) -> Costs:
    """The cost of a job, as the columns of COSTS and TIMES."""
    return *(float(getattr(outcome.cost, n)) for n in COSTS), outcome.latency, outcome.resident


def _pooled(tasks: Sequence[dict[PointKey, PointSeries]]) -> dict[PointKey, PointSeries]:
    """The points that every task has, over all problems."""
    pooled: dict[PointKey, PointSeries] = {}
    shift = 0
    for points in tasks:
        for key, series in points.items():
            pooled.setdefault(key, PointSeries()).extend(series, shift)
        shift += 1 + max((max(s.cluster, default=0) for s in points.values()), default=0)
    return pooled


def _quantile(values: Sequence[float], q: float) -> float:
    """Linear interpolation between the ordered values; NaN if there are none, or if one is unknown."""
    if not values or any(map(isnan, values)):
        return nan
    ordered, at = sorted(values), q * (len(values) - 1)
    low = int(at)
    return ordered[low] + (at - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
