"""How much less compute a method needs for the same accuracy: Pareto front, ratios of compute, areas.

Nothing is estimated here: every number is one of the rows of eval/analysis. An open end of an interval is
shown as 0 or ∞.
"""

from __future__ import annotations

from eval.analysis.analysis import Analysis
from eval.analysis.compute.curves import Curve
from eval.analysis.compute.ratios import Ratio
from eval.report.numbers import MISSING, quantity
from eval.report.plots.legend import Legend
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import EFFICIENCY
from eval.report.tables import (
    TASK,
    Cell,
    Table,
    TableColumn,
    amount,
    estimate,
    interval_cell,
    number,
    pooled_first,
    table,
    text,
    whole,
)

UNITS = {"seconds": "s", "tokens": "tokens"}
RATIOS = (
    "The method reaches the accuracy with this many times less compute than the "
    "other (below 1: it needs more). Paired bootstrap over problems; an interval "
    "without an upper limit means that the data do not exclude that the method never "
    "reaches it. ≥ and ≤: the curve starts above the accuracy, so the ratio is a "
    "bound."
)


def section(inputs: ReportInputs) -> Section:
    """The section on compute efficiency."""
    analysis, legend = inputs.analysis, inputs.legend
    return Section(
        "efficiency",
        "How much less compute do methods need?",
        EFFICIENCY,
        tables=(*_front(analysis, legend), *_ratios(analysis, legend), *_areas(analysis, legend)),
        headline=_cheapest(inputs.stages[-1].label, analysis, legend),
    )


def _front(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    return table(
        "pareto",
        "Pareto front",
        "Points that no other point beats in both cost and accuracy. Ceilings are left out.",
        pooled_first(analysis.front),
        [
            TASK,
            text("method", lambda r: legend.curve(r.method).label),
            whole("samples", "n"),
            amount("cost per problem", "cost", _unit(analysis)),
            number("accuracy", "accuracy"),
        ],
    )


def _ratios(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    return table(
        "ratios",
        "How many times less compute",
        RATIOS,
        pooled_first(sorted(analysis.ratios, key=lambda r: (r.ratio is None, -(r.ratio or 0.0)))),
        [
            TASK,
            text("method", lambda r: legend.curve(r.method).label),
            text("against", lambda r: legend.curve(r.reference).label),
            number("accuracy reached", "accuracy"),
            amount("its cost", "cost", _unit(analysis)),
            amount("the other’s", "reference_cost", _unit(analysis)),
            TableColumn("times less [95 % CI]", times),
            number("not reached in", "not_reached", 2),
        ],
    )


def _unit(analysis: Analysis) -> str:
    return "FLOPs" if "flops" in analysis.cost else UNITS.get(analysis.cost, "")


def times(row: Ratio) -> Cell:
    """`4.1 [2.0, 9.3]`; an open end is 0 or ∞; a bound is marked."""
    if row.ratio is None:
        who = "never reached" if row.cost is None else "the other never reaches it"
        return Cell(who)
    mark = "≥ " if row.at_most and not row.reference_at_most else ""
    mark = "≤ " if row.reference_at_most and not row.at_most else mark
    low = "0" if row.low is None else quantity(row.low)
    high = "∞" if row.high is None else quantity(row.high)
    return Cell(f"{mark}{quantity(row.ratio)} [{low}, {high}]", row.ratio)


def _areas(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    differences = {(d.task, d.method): d for d in analysis.area_differences}

    def difference(row: Curve) -> Cell:
        d = differences.get((row.task, row.method))
        return Cell(MISSING) if d is None else interval_cell(d.difference, d.low, d.high, sign=True)

    def against(row: Curve) -> str:
        d = differences.get((row.task, row.method))
        return MISSING if d is None else legend.curve(d.reference).label

    return table(
        "areas",
        "Area under accuracy over log compute",
        "Mean height of the curve over the range of compute that all curves share.",
        pooled_first(c for c in analysis.curves if c.area is not None),
        [
            TASK,
            text("method", lambda r: legend.curve(r.method).label),
            estimate("area", "area", "area_low", "area_high"),
            TableColumn("difference [95 % CI]", difference),
            text("against", against),
            whole("problems", "problems"),
        ],
    )


def _cheapest(stage: str, analysis: Analysis, legend: Legend) -> str:
    """How much less compute than self-consistency the best method of the last stage needs, if it is shown."""
    kinds = {m.id: m for m in analysis.methods if m.stage == stage}
    task = next(
        (t for t in ("all", *(r.task for r in analysis.ratios)) if t in {r.task for r in analysis.ratios}), ""
    )
    mine = [
        r
        for r in analysis.ratios
        if r.task == task
        and r.at == "best"
        and r.method in kinds
        and not kinds[r.method].ceiling
        and r.reference in kinds
        and kinds[r.reference].strategy == "self_consistency"
    ]
    shown = [r for r in mine if r.ratio is not None and r.low is not None and r.low > 1]
    if not mine:
        return ""
    if not shown:
        return "No method is shown to reach the best accuracy of self-consistency with less compute."
    best = max(shown, key=lambda r: r.low or 0.0)
    return (
        f"{legend.curve(best.method).label} reaches the best accuracy of self-consistency "
        f"({best.accuracy:.2f}) with {times(best).text.replace('≥', 'at least')} times less "
        f"compute; it is the best of {len(mine)} methods."
    )
