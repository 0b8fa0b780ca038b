"""The plots as figures for a paper: PNG, SVG and PDF, with the numbers as CSV.

The curve is drawn for every task (figure.py; the first, pooled one is curves.*), every other family for the
pooled task or its first one. The same numbers give the same bytes.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from eval.report.numbers import quantity
from eval.report.plots.figure import GREY, INK, RULE, SETTINGS, draw, printable, saved
from eval.report.plots.plot import Axis, Line, Plot, drawable, to_csv
from eval.report.plots.style import LIGHT_HUES, MATPLOTLIB_MARKERS
from eval.report.view import ALL, LoadedStage, tasks_of


def pictures(stages: Sequence[LoadedStage], plots: Sequence[Plot], title: str) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of everything in figures/."""
    for task in tasks_of(stages)[1:]:
        for kind, content in draw(stages, f"{title}, {task}", task).items():
            yield f"curve-{file_name(task)}.{kind}", content
    families: dict[str, list[Plot]] = {}
    for plot in plots:
        families.setdefault(plot.family, []).append(plot)
    for family, members in families.items():
        yield f"{file_name(family)}.csv", to_csv(members).encode("utf-8", "replace")
        shown = next((p for p in members if p.task == ALL), members[0])
        for kind, content in render(shown).items():
            yield f"{file_name(family)}.{kind}", content


def file_name(text: str) -> str:
    """A task's or plot's name as a plain file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:80] or "plot"


def render(plot: Plot) -> dict[str, bytes]:
    """Format -> bytes of one plot; 6.4 x 4.4 inches plus its legend."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        return saved(_figure(plot))


def _figure(plot: Plot) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4))
    axes = figure.add_subplot()
    title = f"{plot.title}, {plot.task}" if plot.task else plot.title
    axes.set_title(printable(title), loc="left", fontsize=11, fontweight="bold", wrap=True)
    bars = [line for line in plot.lines if line.style == "bar"]
    for line in plot.lines:
        _line(axes, plot, line, len(bars), bars.index(line) if line in bars else 0)
    if plot.diagonal:
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, zorder=0)
    _axis(axes, plot.x, "x")
    _axis(axes, plot.y, "y")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, fontsize=8.5)
    else:
        axes.text(0.5, 0.5, "there is nothing to plot", transform=axes.transAxes, ha="center", color=GREY)
    return figure


def _line(axes: Any, plot: Plot, line: Line, bars: int, place: int) -> None:
    dots = drawable(plot, line)
    if not dots:
        return
    label = printable(line.label)
    colour = GREY if line.hue < 0 else LIGHT_HUES[line.hue % 8]
    width = 0.8 / max(1, bars)
    shift = (place - (bars - 1) / 2) * width if line.style == "bar" else line.shift
    if line.style == "dots" and plot.x.ticks:
        shift = (plot.lines.index(line) - (len(plot.lines) - 1) / 2) * 0.12
    xs, ys = [d.x + shift for d in dots], [d.y for d in dots]
    few = len(dots) <= 40
    for x, d in zip(xs, dots, strict=True):
        if d.low is not None and d.high is not None and few:
            axes.plot([x, x], [d.low, d.high], color=colour if line.style != "bar" else INK, linewidth=1.1)
    if line.style == "bar":
        axes.bar(xs, ys, width=width * 0.92, color=colour, label=label)
        return
    axes.plot(
        xs,
        ys,
        color=colour,
        label=label,
        linestyle=_dashes(line),
        marker="" if line.style in ("fit", "path") or not (few or line.style == "dots") else _marker(line),
        markersize=5.5 if few else 3.5,
        linewidth=1.6,
    )


def _dashes(line: Line) -> Any:
    if line.style in ("line", "path") and line.dash:
        return (0, tuple(d / 2 for d in line.dash))
    return {"line": "-", "path": "-", "fit": ":", "dots": ""}[line.style]


def _marker(line: Line) -> str:
    return MATPLOTLIB_MARKERS[line.marker % 8]


def _crowded(ticks: Sequence[str]) -> bool:
    """Whether names are too long to be next to each other under a figure."""
    return max(map(len, ticks)) > ACROSS / len(ticks)


ACROSS = 75
"""The number of letters across a figure."""


def _axis(axes: Any, axis: Axis, name: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    getattr(axes, f"set_{name}label")(printable(axis.label + (", log scale" if axis.log else "")))
    if axis.log:
        getattr(axes, f"set_{name}scale")("log")
    own = getattr(axes, f"{name}axis")
    if axis.ticks:
        slanted = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if _crowded(axis.ticks) else {}
        own.set_ticks(range(len(axis.ticks)), list(map(printable, axis.ticks)), **slanted)
        getattr(axes, f"set_{name}lim")(-0.5, len(axis.ticks) - 0.5)
    elif axis.log:
        own.set_major_formatter(FuncFormatter(lambda v, _: quantity(v, axis.unit).replace(".00", "")))
        own.set_minor_formatter(NullFormatter())
    elif axis.whole:
        own.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if axis.low is not None or axis.high is not None:
        getattr(axes, f"set_{name}lim")(axis.low, axis.high)
