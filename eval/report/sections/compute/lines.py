"""Lines of plots, drawn as the legend says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from eval.report.plots.legend import LegendEntry
from eval.report.plots.plot import Dot, Line

T = TypeVar("T", bound=Any)


def line(entry: LegendEntry, dots: Iterable[Dot], **style: Any) -> Line:
    """The dots of a method as a line with its name, hue, marker and dash."""
    return Line(entry.label, tuple(dots), entry.hue, entry.marker, dash=entry.dash, **style)


def by_method(rows: Iterable[T]) -> dict[str, list[T]]:
    """Rows by the id of their method."""
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(row.method, []).append(row)
    return groups
