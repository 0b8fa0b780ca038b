"""Rounds of self-training and training seeds: what changed from round to round, and how much is chance.

Stages that differ only in the seed their model was trained with are one line of the table; the spread over
seeds (training variance) is shown apart from the interval over problems: in the plot each seed is a mark of
its own beside the mean with its interval. Round 0 is the first stage that belongs to no series: the model
before any training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from eval.report.numbers import decimal
from eval.report.plots.plot import UNIT_INTERVAL, Axis, Dot, Line, Plot
from eval.report.plots.style import MethodStyle, methods_of
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import TRAINING
from eval.report.tables import TASK, Table, number, table, text
from eval.report.view import LoadedStage, PointRow, tasks_of

SEED_MARKER = 7
"""A cross: a single seed, joined to nothing."""
BESIDE = 0.06
"""How far apart methods of one round are drawn, in rounds."""


TABLE_NOTE = (
    "One row for all seeds of a round. The spread over seeds is variance of training, not sampling error."
)


def section(inputs: ReportInputs) -> Section:
    """The section on rounds of self-training and on training seeds."""
    cohorts, methods = cohorts_of(inputs.stages), methods_of(inputs.stages)
    return Section(
        "rounds",
        "What changed from round to round, and how much is chance?",
        TRAINING,
        tables=table_of(cohorts, [m.label for m in methods]),
        plots=plots(cohorts, methods),
    )


@dataclass(frozen=True, slots=True)
class Cohort:
    """The points of one method on one task after one round, one for each training seed."""

    task: str
    series: str
    round: int | None
    method: int
    points: tuple[PointRow, ...]

    @property
    def values(self) -> list[float]:
        """Their accuracies."""
        return [point.number("accuracy") for point in self.points]

    @property
    def mean(self) -> float:
        return fmean(self.values)

    @property
    def samples(self) -> float:
        """How many samples a problem has."""
        return self.points[0].number("samples")

    @property
    def deviation(self) -> float | None:
        """The standard deviation over seeds; None for one seed."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def half_width(self) -> float:
        """Half the 95 % interval over problems (its longer side where answers failed), mean over seeds."""
        return fmean(map(_half, self.points))


def _half(point: PointRow) -> float:
    value, low, high = (point.number(name) for name in ("accuracy", "ci_low", "ci_high"))
    return max(value - low, high - value) if point.gaps else (high - low) / 2


def cohorts_of(stages: Sequence[LoadedStage]) -> list[Cohort]:
    """Every method's points of most samples, by series and round; [] without rounds or several seeds."""
    if not any(s.view.series for s in stages):
        return []
    order = {(m.strategy, m.scorer): i for i, m in enumerate(methods_of(stages))}
    base = next((s for s in stages if not s.view.series), None)
    found: dict[tuple[int, str, int, int], list[PointRow]] = {}
    names = {(s.view.series, s.view.round): None for s in stages if s.view.series}
    for stage in [s for s in stages if s.view.series or s is base]:
        spots = [stage.view.series] if stage.view.series else list(dict.fromkeys(n for n, r in names if r))
        for task, method, point in _largest(stage):
            for series in spots or ["untrained"]:
                number = stage.view.round if stage.view.series else 0
                key = (tasks_of(stages).index(task), series, -1 if number is None else number, order[method])
                found.setdefault(key, []).append(point)
    tasks = tasks_of(stages)
    return [
        Cohort(tasks[task], series, None if number < 0 else number, method, tuple(points))
        for (task, series, number, method), points in sorted(found.items())
    ]


def _largest(stage: LoadedStage) -> Iterator[tuple[str, tuple[str, str], PointRow]]:
    """Of every curve the point of most samples, the measured one where there is one."""
    best: dict[tuple[str, tuple[str, str]], PointRow] = {}
    for point in stage.points:
        kept = best.setdefault((point.task, point.method), point)
        if (point.number("samples"), point.measured) > (kept.number("samples"), kept.measured):
            best[point.task, point.method] = point
    for (task, method), point in best.items():
        yield task, method, point


def table_of(cohorts: Sequence[Cohort], labels: Sequence[str]) -> tuple[Table, ...]:
    """A row per cohort; `labels`: what its methods are called."""
    columns = (
        TASK,
        text("series", "series"),
        number("round", "round", 0),
        text("method", lambda c: labels[c.method]),
        number("samples", "samples", 0),
        number("seeds", lambda c: len(c.values), 0),
        number("accuracy", "mean"),
        number("sd over seeds", "deviation"),
        number("lowest", lambda c: min(c.values)),
        number("highest", lambda c: max(c.values)),
        number("± of the 95 % CI over problems", "half_width"),
    )
    return table("rounds", "Rounds and training seeds", TABLE_NOTE, cohorts, columns)


def plots(cohorts: Sequence[Cohort], methods: Sequence[MethodStyle]) -> tuple[Plot, ...]:
    """Accuracy against the round, a line for each method of each series, for every task."""
    rounds, found = [c for c in cohorts if c.round is not None], list[Plot]()
    for task in dict.fromkeys(c.task for c in rounds):
        mine = [c for c in rounds if c.task == task]
        series = list(dict.fromkeys(c.series for c in mine))
        lines = []
        pairs = list(dict.fromkeys((c.series, c.method) for c in mine))
        for i, (name, method) in enumerate(pairs):
            look = methods[method]
            own = [c for c in mine if (c.series, c.method) == (name, method)]
            said = named_at(look.label, own[0].points[0].number("samples"))
            label = f"{name} · {said}" if len(series) > 1 else said
            dots = tuple(map(_dot, own))
            hue = -1 if look.ceiling else (look.hue + 3 * series.index(name)) % 8
            dash = () if series.index(name) == 0 else (6, 3)
            marker, shift = (look.marker + series.index(name)) % 8, (i - (len(pairs) - 1) / 2) * BESIDE
            lines.append(Line(label, dots, hue, marker, dash=dash, shift=shift))
            if seeds := tuple(dot for c in own for dot in _seeds(c)):
                lines.append(
                    Line(f"{label}, each seed", seeds, hue, SEED_MARKER, "dots", shift=shift + BESIDE / 2)
                )
        note = "Lines: means over training seeds; bars: the 95 % interval over problems of one training."
        if any(len(c.points) > 1 for c in mine):
            note += (
                " Crosses: single seeds. Their spread is variance of training, which the bars do not include."
            )
        x = Axis("round (0: before training)", whole=True)
        y = UNIT_INTERVAL.named("accuracy")
        found.append(Plot("rounds", "Accuracy by round", note, task, x, y, tuple(lines)))
    return tuple(found)


def named_at(label: str, n: float) -> str:
    """`pass@16`: the method with its number of samples; single samples are what pass@1 means."""
    if label.endswith("@k"):
        return f"{label[:-1]}{n:.0f}"
    return f"{label} (pass@1)" if label == "sample" and n == 1 else label


def _dot(cohort: Cohort) -> Dot:
    """The mean over seeds with the interval over problems."""
    point, half = cohort.points[0], cohort.half_width
    note = f"seeds: {len(cohort.points)}, samples: {point.number('samples'):.0f}"
    if len(cohort.points) > 1:
        ends = max(0.0, cohort.mean - half), min(1.0, cohort.mean + half)
        note += f", {decimal(min(cohort.values), 3)} to {decimal(max(cohort.values), 3)}"
    else:
        ends = point.number("ci_low"), point.number("ci_high")
    return Dot(float(cohort.round or 0), cohort.mean, *ends, note)


def _seeds(cohort: Cohort) -> Iterator[Dot]:
    """Each seed of several on its own, without an interval."""
    for point in cohort.points if len(cohort.points) > 1 else ():
        yield Dot(float(cohort.round or 0), point.number("accuracy"), note=point.text["stage"])
