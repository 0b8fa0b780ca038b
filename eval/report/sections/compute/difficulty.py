"""On which problems a method helps: accuracy by difficulty, which is the base model's pass@1."""

from __future__ import annotations

from collections.abc import Iterator

from eval.analysis.analysis import Analysis
from eval.report.plots.legend import Legend
from eval.report.plots.plot import UNIT_INTERVAL, Axis, Dot, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import COVERAGE
from eval.report.sections.compute.lines import by_method, line
from eval.report.tables import by_task

NOTE = (
    "Bins are quantiles of pass@1 of the first stage's pool. They use the gold, so "
    "they only describe the results."
)


def section(inputs: ReportInputs) -> Section:
    """The section on difficulty: one plot per task."""
    plots = tuple(plot for plot in _plots(inputs.analysis, inputs.legend) if plot.lines)
    return Section("difficulty", "On which problems do methods help?", COVERAGE, plots=plots)


def _plots(analysis: Analysis, legend: Legend) -> Iterator[Plot]:
    for task, rows in by_task(analysis.difficulty).items():
        bins = sorted({(r.bin, r.pass_1_low, r.pass_1_high) for r in rows})
        place = {number: i for i, (number, _, _) in enumerate(bins)}
        lines = [
            line(
                legend.curve(method),
                (Dot(place[r.bin], r.accuracy, r.low, r.high, f"{r.problems} problems") for r in mine),
            )
            for method, mine in by_method(rows).items()
        ]
        ticks = tuple(f"{number}: {low:.2f}–{high:.2f}" for number, low, high in bins)
        x = Axis("difficulty bin: pass@1, easiest first", ticks=ticks)
        y = UNIT_INTERVAL.named("accuracy (95 % CI)")
        yield Plot("difficulty", "Accuracy by difficulty", NOTE, task, x, y, tuple(lines))
