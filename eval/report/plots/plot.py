"""A plot as data: lines of points with intervals over two axes.

All plots except the curve are plots of this kind, so the page (assets/plot.js), the figures for a paper
(figures.py) and the CSV files show the same numbers. A hue and a marker are indices into style.py's tables,
so a method looks the same everywhere.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from lab.system.spreadsheet import Writer

Number = float | None


@dataclass(frozen=True, slots=True)
class Dot:
    """A point; `low`, `high`: its 95 % interval, if it has one; `note`: shown as a tooltip."""

    x: float
    y: float
    low: Number = None
    high: Number = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Dots with one name; `hue` -1 is grey.

    `style`: "line" joins marked dots, "path" unmarked ones, "fit" the same by a dotted line, "dots" and "bar"
    join nothing. `dash`: pixels on and off of a "line" or "path", for the stage. `shift`: a horizontal
    offset, so that intervals at the same x do not hide each other.
    """

    label: str
    dots: tuple[Dot, ...]
    hue: int = 0
    marker: int = 0
    style: Literal["line", "path", "fit", "dots", "bar"] = "line"
    dash: tuple[int, ...] = ()
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Axis:
    """`low`, `high`: fixed ends, else those of the data; `ticks`: names of whole numbers from 0 on.

    `whole`: only whole numbers are marked.
    """

    label: str
    log: bool = False
    unit: str = ""
    low: Number = None
    high: Number = None
    ticks: tuple[str, ...] = ()
    whole: bool = False

    def named(self, label: str) -> Axis:
        """The same axis with another label."""
        return replace(self, label=label)


UNIT_INTERVAL = Axis("", low=0.0, high=1.0)
"""The axis of a share."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture of one task; plots of one `family` share a place in the page. `diagonal`: draw y = x."""

    family: str
    title: str
    note: str
    task: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    diagonal: bool = False


def as_data(plot: Plot, place: str) -> dict[str, Any]:
    """Plain JSON data for the page, in the chapter `place`; dots that an axis cannot show are left out."""
    axis = {a: {s: getattr(getattr(plot, a), s) for s in Axis.__slots__} for a in ("x", "y")}
    lines = [
        {
            "label": line.label,
            "hue": line.hue,
            "marker": line.marker,
            "style": line.style,
            "dash": line.dash,
            "shift": line.shift,
            "dots": [
                [_plain(d.x), _plain(d.y), _plain(d.low), _plain(d.high), d.note]
                for d in drawable(plot, line)
            ],
        }
        for line in plot.lines
    ]
    head = {"family": plot.family, "section": place}
    head |= {name: getattr(plot, name) for name in ("title", "note", "task", "diagonal")}
    return {**head, **axis, "lines": [line for line in lines if line["dots"]]}


def drawable(plot: Plot, line: Line) -> list[Dot]:
    """The dots with finite numbers, positive where an axis is logarithmic."""
    return [d for d in line.dots if _fits(d.x, plot.x) and _fits(d.y, plot.y)]


def to_csv(plots: Sequence[Plot]) -> str:
    """The numbers behind plots of one family: one row per dot, undefined ones as empty cells."""
    text = io.StringIO(newline="")
    writer = Writer(text)
    writer.writerow(("task", "line", "x", "y", "ci_low", "ci_high", "note", "x_label", "y_label"))
    for plot in plots:
        for line in plot.lines:
            for d in line.dots:
                cells = ["" if (v := _plain(value)) is None else v for value in (d.x, d.y, d.low, d.high)]
                writer.writerow([plot.task, line.label, *cells, d.note, plot.x.label, plot.y.label])
    return text.getvalue()


def _fits(value: float, axis: Axis) -> bool:
    return math.isfinite(value) and (value > 0 or not axis.log)


def _plain(value: Number) -> Number:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
