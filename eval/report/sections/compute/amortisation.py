"""When training pays off: its cost spread over queries, against the untrained model with more samples."""

from __future__ import annotations

from collections.abc import Iterator

from eval.analysis.analysis import Analysis
from eval.analysis.compute.amortisation import Amortised
from eval.report.numbers import counted
from eval.report.plots.legend import Legend
from eval.report.plots.plot import Axis, Dot, Line, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import PLANNING
from eval.report.tables import TASK, Table, amount, by_task, number, pooled_first, table, text, whole

TABLE_NOTE = (
    "Number of queries after which the tuned model is cheaper than the untrained one "
    "with more samples, at the same accuracy."
)
PLOT_NOTE = (
    "FLOPs per query, including a share of generation and training; dotted: the "
    "untrained model with more samples."
)


def section(inputs: ReportInputs) -> Section:
    """The section on amortisation."""
    return Section(
        "amortisation",
        "When does training pay off?",
        PLANNING,
        tables=_table(inputs.analysis, inputs.legend),
        plots=tuple(plot for plot in _plots(inputs.analysis, inputs.legend) if plot.lines),
    )


def _table(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    return table(
        "breakeven",
        "When training pays off",
        TABLE_NOTE,
        pooled_first(analysis.amortised),
        [
            TASK,
            text("method", lambda r: legend.curve(r.method).label),
            text("against", lambda r: legend.curve(r.reference).label),
            number("accuracy", "accuracy"),
            amount("fixed", "fixed", "FLOPs"),
            amount("tuned, per query", "tuned_cost", "FLOPs"),
            amount("base, per query", "base_cost", "FLOPs"),
            whole("break-even", "break_even"),
        ],
    )


def _plots(analysis: Analysis, legend: Legend) -> Iterator[Plot]:
    x, y = Axis("queries", log=True), Axis("cost per query", log=True, unit="FLOPs")
    for task, rows in by_task(analysis.amortised).items():
        lines = tuple(line for row in rows for line in _lines(row, legend))
        yield Plot("amortised", "Training cost spread over queries", PLOT_NOTE, task, x, y, lines)


def _lines(row: Amortised, legend: Legend) -> Iterator[Line]:
    """The tuned model's cost per query, and the untrained one's at the same accuracy."""
    entry, base = legend.curve(row.method), legend.curve(row.reference)
    dots = tuple(Dot(queries, cost) for queries, cost in row.curve)
    yield Line(f"{entry.label}, {counted(row.n)}", dots, entry.hue, entry.marker)
    if row.base_cost is not None and row.curve:
        flat = tuple(Dot(queries, row.base_cost) for queries, _ in row.curve)
        label = f"{base.label} at the same accuracy ({row.accuracy:.2f})"
        yield Line(label, flat, base.hue, base.marker, "fit")
