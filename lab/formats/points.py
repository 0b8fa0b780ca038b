"""From per-problem outcomes to the points of the curve (points.csv).

A series is one point in the making: for every problem one accuracy and its costs, as plain numbers. Every
strategy gives a measured series at its n, and its pool gives derived series at k = 1, 2, 4, ... < n.

A derived point costs what a run with its k samples would be charged in expectation: see
`eval.estimators.derived`.

What was not measured is not wrong: an answer that failed, and one the checker cannot judge, leave the mean,
are counted beside it, and widen its interval, which reaches from the lower end with all of them wrong to the
upper end with all of them right. A point without a single judged answer has no accuracy.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from math import isnan, nan
from pathlib import Path
from typing import Any, Literal

from lab.core.jobs import Outcome
from lab.formats.spreadsheet import Records, Writer
from lab.language.extraction import READERS
from lab.statistics.bounds import bounded_mean

POOLED = "all"
"""The task name of the rows that pool all tasks' problems."""
Origin = Literal["measured", "derived"]
COSTS = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "flops_logical",
    "flops_shared",
    "flops_engine",
    "seconds",
)
TIMES = ("latency", "resident")
"""Seconds along a plan's critical path, and of all its completions, each beside others in the engine."""
Costs = tuple[float, ...]
"""One number per name in COSTS and TIMES."""


@dataclass(frozen=True, slots=True)
class Point:
    """One row of points.csv; tokens, FLOPs and seconds are means per problem, intervals 95 %.

    `samples` per problem is the n of the strategy. `seconds` is the share of the engine's busy time.
    `latency_p50` and `latency_p95` are quantiles over problems of the seconds that an answer takes from its
    first request to its last completion, the slowest of each batch, while `concurrency` requests (the mean)
    were under way in the engine. Samples from the bank have the times of when they were drawn; where one of
    them has none, there is none here.
    `problems` were judged, `failed` got no answer, `unscored` got one that the checker cannot judge.
    `readers` is the version of what read the answers.
    """

    stage: str
    model: str
    task: str
    strategy: str
    scorer: str
    samples: int
    problems: int
    accuracy: float
    ci_low: float
    ci_high: float
    prompt_tokens: float
    cached_tokens: float
    completion_tokens: float
    flops_logical: float
    flops_shared: float
    flops_engine: float
    seconds: float
    origin: Origin
    failed: int
    unscored: int
    latency_p50: float
    latency_p95: float
    concurrency: float
    readers: str


@dataclass(frozen=True, slots=True)
class PointKey:
    """What tells the points of one task apart; in order of appearance, which is the row order."""

    strategy: str
    scorer: str
    n: int
    origin: Origin
    ceiling: bool = False


@dataclass(slots=True)
class PointSeries:
    """One point's problems: 11 numbers each, no texts. `accuracy` is NaN for one that was not measured:
    `failed` of these got no answer, the others are unscored."""

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
        """One problem."""
        self.failed += failed
        self.accuracy.append(accuracy)
        self.cluster.append(cluster)
        for column, cost in zip(self.costs, costs, strict=True):
            column.append(cost)
        self.mc_variance += mc_se * mc_se

    def extend(self, other: PointSeries, shift: int) -> None:
        """Another task's problems, their clusters numbered from `shift` on."""
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
        """One problem's share in one point."""
        series = self._tasks.setdefault(task, {}).setdefault(key, PointSeries())
        series.add(accuracy, cluster, costs, mc_se, failed=failed)

    def series(self) -> Mapping[str, Mapping[PointKey, PointSeries]]:
        """task -> key -> its problems, in order."""
        return self._tasks

    def rows(self, stage: str, model: str) -> list[Point]:
        """Every point; a task named POOLED pools the problems of all tasks where there is more than one."""
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
    """Means over the judged problems; the interval of their accuracy, widened by what was not measured."""
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
    """What a job cost, as the columns of COSTS and TIMES."""
    return *(float(getattr(outcome.cost, n)) for n in COSTS), outcome.latency, outcome.resident


def to_csv(points: Iterable[Point]) -> str:
    """points.csv: a header and one line per point."""
    text = io.StringIO()
    writer = Writer(text)
    writer.writerow(f.name for f in fields(Point))
    for row in points:
        writer.writerow(_cell(v) for v in astuple(row))
    return text.getvalue()


def read_csv(path: Path) -> list[dict[str, str]]:
    """The lines of a points.csv; what an older one calls `n` is called `samples`."""
    with path.open(newline="", encoding="utf-8") as handle:
        return [{"samples" if k == "n" else k: cell for k, cell in row.items()} for row in Records(handle)]


def _cell(value: object) -> object:
    """A number with ten digits, an empty cell where it is not defined or not known."""
    if not isinstance(value, float):
        return value
    return "" if isnan(value) else f"{value:.10g}"


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
    """Linear between the ordered values; NaN without any, or where one is not known."""
    if not values or any(map(isnan, values)):
        return nan
    ordered, at = sorted(values), q * (len(values) - 1)
    low = int(at)
    return ordered[low] + (at - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
