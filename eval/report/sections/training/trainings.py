"""How the trainings went: loss, held-out loss and the trainer's own metrics, as plots and one table.

Seeds of one stage share a colour. An online trainer's reward is shown as it was at each step and as a running
mean; whether it rose is said by its mean over the last fifth of the steps against that over the first, with
Welch's interval over steps: given the way the policy took, each step's completions are drawn afresh. The
interval is of this one training; another seed may go another way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, variance

from eval.report.numbers import MISSING, decimal, interval
from eval.report.plots.plot import Axis, Dot, Line, Plot
from eval.report.plots.style import DASHES
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import TRAINING
from eval.report.tables import Cell, Table, TableColumn, amount, number, table, text, whole
from eval.report.trained_models import MetricValue, TrainingRun
from eval.report.view import LoadedStage
from lab.statistics.distributions import t_quantile

MOST_DOTS = 400
"""A line with more is thinned in pictures; metrics.jsonl has every step."""
FIFTH = 5
"""The reward of the first and of the last 1 / FIFTH of the steps are compared."""
FEWEST = 3
"""Steps at each end that an interval takes."""


def section(inputs: ReportInputs) -> Section:
    """The section on trainings: a plot of each metric by trainer, and a row per training."""
    runs = runs_of(inputs.stages)
    rows = [as_data(run) for run in runs]
    return Section(
        "trainings",
        "How did the trainings go, and what did they cost?",
        TRAINING,
        tables=table_of(runs),
        plots=plots(runs),
        data={"trainings": rows},
        summary={"trainings": rows} if rows else {},
    )


@dataclass(frozen=True, slots=True)
class MetricPlot:
    """A plot of each trainer: the first of `names` that a training has, and the same of its held-out part.

    `mean`: draw the running mean and the steps as marks; else the steps are joined.
    """

    family: str
    title: str
    label: str
    names: tuple[str, ...]
    mean: bool = False
    low: float | None = None
    high: float | None = None


PLOTS = (
    MetricPlot("loss", "Loss", "loss", ("loss",)),
    MetricPlot("reward", "Mean reward", "reward", ("reward",), mean=True),
    MetricPlot(
        "right", "Better answer preferred", "share of pairs", ("rewards/accuracies", "accuracy"), True, 0, 1
    ),
    MetricPlot(
        "margin", "Margin between better and worse", "margin", ("rewards/margins", "margin"), mean=True
    ),
    MetricPlot("kl", "Distance from the reference", "KL", ("kl",), mean=True),
    MetricPlot("length", "Length of completions", "tokens", ("completions/mean_length",), mean=True),
)


@dataclass(frozen=True, slots=True)
class Rise:
    """Mean reward over the first and over the last fifth of the steps, and their difference [95 % CI]."""

    first: float
    last: float
    difference: float
    low: float | None = None
    high: float | None = None


def runs_of(stages: Sequence[LoadedStage]) -> list[TrainingRun]:
    """Every training that led to one of the stages, once, in the order in which they are first met."""
    return list({run.id: run for stage in stages for run in stage.view.training_runs}.values())


def rise(moments: Sequence[MetricValue]) -> Rise | None:
    """How a metric changed over a training; None below two steps. Welch's interval from FEWEST steps on."""
    values = [m.value for m in moments]
    if len(values) < 2:
        return None
    n = max(1, len(values) // FIFTH)
    first, last = values[:n], values[-n:]
    found = Rise(fmean(first), fmean(last), fmean(last) - fmean(first))
    if n < FEWEST:
        return found
    a, b = variance(first) / n, variance(last) / n
    freedom = (a + b) ** 2 / ((a**2 + b**2) / (n - 1)) if a + b else 1.0
    half = t_quantile(0.975, freedom) * math.sqrt(a + b)
    return Rise(found.first, found.last, found.difference, found.difference - half, found.difference + half)


def plots(runs: Sequence[TrainingRun]) -> tuple[Plot, ...]:
    """For each trainer its plots; a trainer without a metric has no plot of it."""
    found = []
    for shown in PLOTS:
        for trainer in dict.fromkeys(run.trainer for run in runs):
            mine = [run for run in runs if run.trainer == trainer]
            if lines := [line for run in mine for line in _lines(shown, run, mine)]:
                found.append(_plot(shown, trainer, lines))
    return tuple(found)


def _plot(shown: MetricPlot, trainer: str, lines: Sequence[Line]) -> Plot:
    marks = "Marks: single steps; line: mean over the steps so far, at most the last tenth of all. "
    note = (marks if shown.mean else "A line per training; seeds of one stage share a colour. ") + (
        "Diamonds: held-out examples." if any(line.marker == HELD_OUT for line in lines) else ""
    )
    x = Axis("optimiser steps", whole=True) if shown.mean else Axis("tokens trained on")
    y = Axis(shown.label, low=shown.low, high=shown.high)
    title = f"{shown.title}, {trainer}"
    return Plot(f"training-{shown.family}-{trainer}", title, note.strip(), "", x, y, tuple(lines))


STEPS, HELD_OUT = 0, 3
"""Markers of a training's steps and of its held-out examples."""


def _lines(shown: MetricPlot, run: TrainingRun, all_of_trainer: Sequence[TrainingRun]) -> Iterator[Line]:
    series = list(dict.fromkeys(c.series for c in all_of_trainer))
    seeds = [c.id for c in all_of_trainer if c.series == run.series]
    hue, dash = series.index(run.series) % 8, DASHES[seeds.index(run.id) % len(DASHES)]
    name = next((name for name in shown.names if name in run.metrics), None)
    if name is None:
        return
    moments, held = run.metrics[name], run.metrics.get(f"eval_{name}", ())
    at: Callable[[MetricValue], float] = (lambda m: m.step) if shown.mean else (lambda m: m.tokens)
    if shown.mean:
        yield Line(f"{run.name}, each step", _dots(moments, at), hue, STEPS, "dots")
    joined = running_mean(moments) if shown.mean else moments
    yield Line(run.name, _dots(joined, at), hue, STEPS, "path", dash)
    if held:
        yield Line(f"{run.name}, held out", _dots(held, at), hue, HELD_OUT, "dots")


def _dots(moments: Sequence[MetricValue], at: Callable[[MetricValue], float]) -> tuple[Dot, ...]:
    every = math.ceil(len(moments) / MOST_DOTS)
    return tuple(Dot(at(m), m.value, note=f"step {m.step}") for m in moments[:: every or 1])


def running_mean(moments: Sequence[MetricValue]) -> list[MetricValue]:
    """Each moment with the mean of the last tenth of all moments up to it (of at least FEWEST)."""
    width = max(FEWEST, math.ceil(len(moments) / 10))
    return [
        MetricValue(m.step, m.tokens, fmean(x.value for x in moments[max(0, i + 1 - width) : i + 1]))
        for i, m in enumerate(moments)
    ]


TABLE_NOTE = (
    "FLOPs: forward and backward passes, and generation during training. Tokens/s: all "
    "tokens except padding. Fifths: mean reward of the first and of the last fifth of the "
    "steps; the interval covers the steps of this training and not other seeds."
)


def table_of(runs: Sequence[TrainingRun]) -> tuple[Table, ...]:
    """One row per training."""
    columns = (
        text("training", "name"),
        text("trainer", "trainer"),
        whole("examples", "examples"),
        whole("steps", "steps"),
        whole("tokens trained on", "tokens"),
        amount("FLOPs", "flops", "FLOPs"),
        amount("of which generation", "generation_flops", "FLOPs"),
        _rounded("seconds", lambda run: run.seconds),
        _rounded("tokens/s", lambda run: run.seen / run.seconds if run.seen and run.seconds else None),
        TableColumn("peak memory", _memory),
        number("last loss", "loss"),
        TableColumn("best held-out loss", _held_out),
        *(TableColumn(head, partial(_reward, i)) for i, head in enumerate(REWARD)),
    )
    return table("trainings", "Trainings", TABLE_NOTE, runs, columns, task=lambda run: "")


REWARD = ("reward, first fifth", "last fifth", "difference [95 % CI]")


def _rounded(head: str, of: Callable[[TrainingRun], float | None]) -> TableColumn:
    """A number without decimals, thousands apart."""
    return TableColumn(head, lambda run: Cell(MISSING if (v := of(run)) is None else f"{v:,.0f}", v))


def _memory(run: TrainingRun) -> Cell:
    memory = None if run.peak_memory is None else run.peak_memory / 2**30
    return Cell(MISSING if memory is None else f"{memory:.1f} GiB", memory)


def _held_out(run: TrainingRun) -> Cell:
    best = _best(run.metrics)
    return Cell(MISSING) if best is None else Cell(f"{decimal(best.value)} at step {best.step}", best.value)


def _reward(column: int, run: TrainingRun) -> Cell:
    """Mean reward of the first and of the last steps, or their difference."""
    change = rise(run.metrics.get("reward", ()))
    if change is None:
        return Cell(MISSING)
    if column < 2:
        value = (change.first, change.last)[column]
        return Cell(decimal(value), value)
    bare = decimal(change.difference, sign=True)
    ends = (change.low, change.high)
    return Cell(
        bare if change.low is None else interval(change.difference, *ends, sign=True),
        change.difference,
        *ends,
    )


def _best(metrics: Mapping[str, Sequence[MetricValue]]) -> MetricValue | None:
    return min(metrics.get("eval_loss", ()), key=lambda m: m.value, default=None)


def as_data(run: TrainingRun) -> dict[str, object]:
    """A training in numbers, for summary.json and analysis.json: what the table shows, unrounded."""
    held, change = _best(run.metrics), rise(run.metrics.get("reward", ()))
    own = {name: getattr(run, name) for name in TrainingRun.__slots__ if name != "metrics"}
    ends = {name: getattr(change, name) if change else None for name in Rise.__slots__}
    return {
        **own,
        "best_held_out_loss": held and held.value,
        "best_held_out_step": held and held.step,
        **{f"reward_{name}": value for name, value in ends.items()},
    }
