"""The curve as a picture for papers and the README: accuracy over shared FLOPs per problem (tokens where
those are not known), as PNG, SVG and PDF.

Drawn with matplotlib's object interface (no global state), with a fixed hash salt and no date, so that
the same points give the same bytes.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from typing import Any

from eval.report.numbers import quantity
from eval.report.plots.axes import SHARED, CostAxis, axis_of
from eval.report.plots.style import LIGHT_HUES, MATPLOTLIB_MARKERS, MethodStyle, dash_of, methods_of
from eval.report.view import LoadedStage, PointRow, tasks_of
from lab.system.imports import put_off
from lab.system.terminal import safe

INK, GREY, RULE = "#1c2024", "#80868d", "#e3e5e8"
SETTINGS = {
    "svg.hashsalt": "post-pretraining-lab",
    "svg.fonttype": "path",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#4c535a",
    "ytick.color": "#4c535a",
    "path.simplify": False,
}
FORMATS = ("png", "svg", "pdf")
LONG_LEGEND = 18
"""More methods than this are listed in two columns."""
LONGEST = 200
"""Maximum number of characters of a text in a figure."""
METADATA = ("Date", "Creator", "Format", "Type")


def draw(stages: Sequence[LoadedStage], title: str, task: str | None = None) -> dict[str, bytes]:
    """Format (png, svg, pdf) -> the curve of a task: the pooled one, or the only one, where none is named."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        return saved(_figure(stages, title, task or next(iter(tasks_of(stages)), "")))


def saved(figure: Any) -> dict[str, bytes]:
    """The figure in every format, without dates, its margins measured once."""
    put_off("fontTools.subset")  # for fonts embedded in another way than here
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "svg": dict.fromkeys(METADATA),
        "pdf": {"CreationDate": None},
    }
    box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer()).padded(0.15)
    found = {}
    for kind in FORMATS:
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, dpi=150, bbox_inches=box, metadata=metadata[kind])
        found[kind] = stream.getvalue()
    return found


def printable(text: str) -> str:
    """A text as a figure shows it: control characters (no font has them) visible; not too long."""
    return safe(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _figure(stages: Sequence[LoadedStage], title: str, task: str) -> Any:
    from matplotlib.figure import Figure

    methods, x = methods_of(stages), axis_of(stages)
    rows = math.ceil(len(methods) / _columns(methods)) + len(stages) + 6
    figure = Figure(figsize=(12, max(6.4, 0.27 * rows)))
    axes = figure.add_subplot()
    drawn = [
        _line(axes, points, method, dash_of(stage.index, len(stages)), x)
        for method in methods
        for stage in stages
        if (points := curve(stage, method, task, x))
    ]
    _frame(axes, title, x, top=max((t for t in drawn), default=1.0), empty=not drawn)
    if drawn:
        _legends(axes, stages, methods)
    return figure


def curve(stage: LoadedStage, method: MethodStyle, task: str, x: CostAxis = SHARED) -> list[PointRow]:
    """The points of one line, in order of cost, that have a positive cost and an accuracy."""
    pair = (method.strategy, method.scorer)
    found = [p for p in stage.points if p.method == pair and p.task == task]
    drawable = [p for p in found if x.of(p) > 0 and p.numbers["accuracy"] is not None]
    return sorted(drawable, key=lambda p: (x.of(p), p.number("samples")))


def _line(
    axes: Any, points: Sequence[PointRow], method: MethodStyle, dash: tuple[int, ...], x_axis: CostAxis
) -> float:
    """Draw one line with its intervals; returns the highest value it shows."""
    colour = GREY if method.ceiling else LIGHT_HUES[method.hue]
    xs, ys = [x_axis.of(p) for p in points], [p.number("accuracy") for p in points]
    lows, highs = [p.number("ci_low") for p in points], [p.number("ci_high") for p in points]
    style: Any = (0, (1, 2.2)) if method.ceiling else (0, tuple(d / 2 for d in dash)) if dash else "-"
    if len(points) > 1:
        axes.fill_between(xs, lows, highs, color=colour, alpha=0.05 if method.ceiling else 0.09, linewidth=0)
        axes.plot(xs, ys, color=colour, linestyle=style, linewidth=1.2 if method.ceiling else 1.9)
    for x, y, low, high, point in zip(xs, ys, lows, highs, points, strict=True):
        if point.measured or len(points) == 1:
            axes.plot([x, x], [low, high], color=colour, linewidth=1.3, alpha=0.75, solid_capstyle="butt")
        if not _marked(point):
            continue
        axes.plot(
            [x],
            [y],
            marker=MATPLOTLIB_MARKERS[method.marker],
            markersize=8.5 if point.measured else 7.5,
            markerfacecolor=colour if point.measured else "white",
            markeredgecolor="white" if point.measured else colour,
            markeredgewidth=0.8 if point.measured else 1.4,
            zorder=3,
        )
    return max([*ys, *(h for h in highs if not math.isnan(h))])


def _marked(point: PointRow) -> bool:
    """Whether a point gets a marker: derived ones at powers of two only, or they would hide the lines."""
    n = int(point.number("samples"))
    return point.measured or n & (n - 1) == 0


def _frame(axes: Any, title: str, x: CostAxis, *, top: float, empty: bool) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_title(printable(title), loc="left", fontsize=12.5, fontweight="bold", pad=12, wrap=True)
    axes.set_ylabel("accuracy (95 % CI)")
    what = "inference compute per problem (shared prefixes once)" if x is SHARED else x.label
    axes.set_xlabel(f"{what}, log scale")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    if empty:
        axes.text(0.5, 0.5, "there are no points to plot", transform=axes.transAxes, ha="center", color=GREY)
        return
    axes.set_xscale("log")
    axes.set_ylim(0, min(1.0, top * 1.06) + 0.005)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=30))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, x.unit)))


def _tick(value: float, unit: str) -> str:
    """`20 GFLOPs`."""
    return quantity(value, unit).replace(".00 ", " ").replace(".0 ", " ")


def gaps_of(stages: Sequence[LoadedStage], method: MethodStyle) -> str:
    """What is not part of a method's accuracy, at the point with most of it; "" if nothing is missing."""
    pair = (method.strategy, method.scorer)
    found = [p for stage in stages for p in stage.points if p.method == pair and p.gaps]
    worst = max(found, key=lambda p: p.number("failed") + p.number("unscored"), default=None)
    return worst.gaps if worst else ""


def labelled(name: str, ceiling: bool, gaps: str) -> str:
    """A method's name in a legend, with its failures: `greedy (3 failed)`."""
    said = ", ".join(filter(None, ["ceiling" if ceiling else "", gaps]))
    return f"{name} ({said})" if said else name


def _columns(methods: Sequence[MethodStyle]) -> int:
    """Columns of the legend of methods."""
    return 1 if len(methods) <= LONG_LEGEND else 2


def _legends(axes: Any, stages: Sequence[LoadedStage], methods: Sequence[MethodStyle]) -> None:
    from matplotlib.lines import Line2D

    shown = [
        Line2D(
            [],
            [],
            color=GREY if m.ceiling else LIGHT_HUES[m.hue],
            linestyle=":" if m.ceiling else "-",
            marker=MATPLOTLIB_MARKERS[m.marker],
            markersize=7,
            label=printable(labelled(m.label, m.ceiling, gaps_of(stages, m))),
        )
        for m in methods
    ]
    kinds = [
        Line2D(
            [],
            [],
            color=INK,
            linestyle=(0, tuple(d / 2 for d in dash)) if dash else "-",
            label=printable(stage_label(stage)),
        )
        for stage in stages
        if (dash := dash_of(stage.index, len(stages))) is not None
    ]
    kinds += [
        Line2D([], [], color=INK, linestyle="", marker="o", label="measured"),
        Line2D(
            [],
            [],
            color=INK,
            linestyle="",
            marker="o",
            markerfacecolor="white",
            label="derived from the pool",
        ),
    ]
    place = {
        "loc": "upper left",
        "frameon": False,
        "fontsize": 9.5,
        "alignment": "left",
        "title_fontsize": 9.5,
    }
    columns = _columns(methods)
    first = axes.legend(handles=shown, bbox_to_anchor=(1.01, 1.02), title="method", ncols=columns, **place)
    axes.add_artist(first)
    first.set_clip_path(None)
    first.set_clip_on(False)
    axes.legend(handles=kinds, bbox_to_anchor=(1.01, 0.02), title="model", **{**place, "loc": "lower left"})


def stage_label(stage: LoadedStage) -> str:
    """`after (tuned)`: the stage with its model where the name does not say it."""
    return stage.label if stage.view.model in ("", stage.label) else f"{stage.label} ({stage.view.model})"
