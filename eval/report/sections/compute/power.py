"""How many problems are needed to show a difference between methods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from eval.analysis.analysis import Analysis
from eval.report.plots.legend import Legend
from eval.report.plots.plot import Axis, Dot, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import PLANNING
from eval.report.sections.compute.lines import line
from eval.report.tables import (
    TASK,
    Table,
    by_task,
    estimate,
    number,
    p_value,
    pooled_first,
    table,
    text,
    whole,
)

DIFFERENCES = (0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)
"""Differences that are drawn."""
TABLE_NOTE = (
    "At each method's most samples, paired; p-values with Holm's correction. "
    "Detectable: the smallest difference that these problems show with 80 % power; "
    "needed: problems needed to show the observed one."
)
PLOT_NOTE = (
    "Against the reference, paired, two-sided at 5 % with 80 % power, from the variance measured here."
)


def section(inputs: ReportInputs) -> Section:
    """The section on power."""
    return Section(
        "power",
        "How many problems are needed to show a difference?",
        PLANNING,
        tables=_table(inputs.analysis, inputs.legend),
        plots=tuple(plot for plot in _plots(inputs.analysis, inputs.legend) if plot.lines),
    )


def _table(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    return table(
        "powered",
        "Differences and power",
        TABLE_NOTE,
        pooled_first(analysis.compared),
        [
            TASK,
            text("method", lambda r: legend.curve(r.method).label),
            text("against", lambda r: legend.curve(r.reference).label),
            estimate("difference", "difference", "low", "high", sign=True),
            p_value("adjusted p", "p_holm"),
            whole("problems", "problems"),
            number("detectable", "detectable"),
            whole("needed", "needed"),
        ],
    )


def _plots(analysis: Analysis, legend: Legend) -> Iterator[Plot]:
    x, y = Axis("difference in accuracy", log=True), Axis("problems", log=True)
    for task, rows in by_task(analysis.compared).items():
        lines = []
        for r in (r for r in rows if r.sd > 0):
            entry, other = legend.curve(r.method), legend.curve(r.reference)
            dots = [Dot(d, ((1.959964 + 0.841621) * r.sd / d) ** 2, note="80 % power") for d in DIFFERENCES]
            lines.append(line(replace(entry, label=f"{entry.label} − {other.label}"), dots))
        yield Plot("power", "Problems needed to show a difference", PLOT_NOTE, task, x, y, tuple(lines))
