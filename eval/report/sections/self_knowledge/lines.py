"""The common code of the sections on self-knowledge: points with intervals, the axis of compute, columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any, Literal

from eval.analysis.self_knowledge.estimate import IntervalEstimate
from eval.report.plots.legend import Legend
from eval.report.plots.plot import Axis, Dot, Line, Plot
from eval.report.tables import TASK, TableColumn, amount, text

FLOPS = Axis("FLOPs per problem (shared prefixes once)", log=True, unit="FLOPs")
TOKENS = Axis("tokens per problem, prompt and generated", log=True, unit="tokens")
"""What stands for compute where the FLOPs of a model are not known."""
COSTS = (amount("tokens", "tokens"), amount("FLOPs", "flops"))
BAND = text("band", lambda row: row.band or "all")


def who(legend: Legend) -> tuple[TableColumn, TableColumn]:
    """The columns that identify a row."""
    return TASK, text("method", lambda row: legend.answers(row.stage, row.strategy).label)


def dot(x: float, e: IntervalEstimate, note: str = "") -> list[Dot]:
    """The point of an estimate; none where it is undefined."""
    return [] if e.value is None else [Dot(x, e.value, e.low, e.high, note)]


def line(
    legend: Legend,
    row: Any,
    dots: Sequence[Dot],
    style: Literal["line", "path", "fit", "dots", "bar"] = "line",
) -> Line:
    """The dots of a row's method, drawn as the legend says."""
    entry = legend.answers(row.stage, row.strategy)
    return Line(entry.label, tuple(dots), entry.hue, entry.marker, style, entry.dash)


def with_dots(plots: Iterable[Plot]) -> tuple[Plot, ...]:
    """The plots that show something."""
    return tuple(plot for plot in plots if any(line.dots for line in plot.lines))


def compute_axis(rows: Sequence[Any]) -> Axis:
    """FLOPs, unless those of some row are not known."""
    return TOKENS if any(isnan(r.flops) for r in rows) else FLOPS


def spent(row: Any, x: Axis) -> float:
    """The cost of a row's method per problem, in the unit of the axis."""
    return float(row.tokens if x is TOKENS else row.flops)
