"""The audit's distributions as figures: lengths, answers, paths per problem, pass rates.

Plotted from the audit's own numbers with matplotlib's object interface, without dates and with a fixed salt,
so the same audit gives the same bytes. Labels are untrusted model texts: no markup, control characters are
made visible.
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from data_gen.audit.counts import rated
from lab.system.terminal import safe

INK, GREY, RULE = "#1c2024", "#80868d", "#e3e5e8"
HUES = ("#0072B2", "#D55E00", "#008F68", "#B0568F", "#B57A00", "#2F8FC4", "#7A6A00", "#6B4FA0")
SETTINGS = {
    "svg.hashsalt": "post-pretraining-lab",
    "svg.fonttype": "path",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
}
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
}
TITLES = {
    "lengths": "Length of completions",
    "answers": "Most frequent answers of the kept examples",
    "paths": "Distinct solution paths per problem",
    "pass_rates": "How often the model was right, per problem",
}
LONGEST_LABEL = 24


def pictures(report: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of every distribution that is not empty, as PNG and SVG."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for name, draw in _DRAWN.items():
            figure, axes = _sheet(TITLES[name])
            if draw(axes, report):
                yield from ((f"{name}.{kind}", _saved(figure, kind)) for kind in METADATA)


def _sheet(title: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _saved(figure: Any, kind: str) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, dpi=110, metadata=METADATA[kind])
    return stream.getvalue()


def _lengths(axes: Any, report: Mapping[str, Any]) -> bool:
    drawn = False
    for hue, name in enumerate(("drawn", "kept")):
        found = report["lengths"].get(f"{name}_completion_tokens", {"count": 0})
        if found["count"]:
            edges = [low for low, _, _ in found["histogram"]] + [found["histogram"][-1][1] + 1]
            heights = [count / (high - low + 1) for low, high, count in found["histogram"]]
            axes.stairs(heights, edges, color=HUES[hue], fill=name == "kept", alpha=0.75, label=name)
            drawn = True
    if drawn:
        axes.legend(frameon=False)
    axes.set_xlabel("tokens of the completion")
    axes.set_ylabel("examples of each length")
    return drawn


def _answers(axes: Any, report: Mapping[str, Any]) -> bool:
    counts: Counter[str] = Counter()
    for task in report["tasks"].values():
        counts.update(task["answers"]["commonest"])
    counts.pop("", None)
    top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:20]
    labels = [_label(value) for value, _ in top]
    axes.bar(range(len(top)), [count for _, count in top], color=HUES[0])
    axes.set_xticks(range(len(top)), labels, rotation=60, ha="right", fontsize=8)
    axes.set_ylabel("kept examples")
    return bool(top)


def _paths(axes: Any, report: Mapping[str, Any]) -> bool:
    counts = {int(k): v for k, v in report["paths"]["problems_by_kept_paths"].items()}
    axes.bar(list(counts), list(counts.values()), color=HUES[2])
    axes.set_xlabel("distinct paths kept")
    axes.set_ylabel("problems")
    axes.xaxis.get_major_locator().set_params(integer=True)
    return bool(counts)


def _pass_rates(axes: Any, report: Mapping[str, Any]) -> bool:
    bins = 10
    drawn = False
    tasks = [(label, task) for label, task in report["tasks"].items() if rated(task)]
    for number, (label, task) in enumerate(tasks[: len(HUES)]):
        counts = [0] * (bins + 1)
        for rate, count in task["pass_rate"]["problems_by_correct_of_scored"].items():
            right, scored = map(int, rate.split("/"))
            counts[right * bins // scored] += count
        if total := sum(counts):
            shares = [count / total for count in counts]
            xs = [i / bins for i in range(bins + 1)]
            axes.plot(xs, shares, color=HUES[number], marker="o", markersize=4, label=_label(label))
            drawn = True
    if drawn:
        axes.legend(frameon=False, fontsize=8)
    axes.set_xlabel("share of drawn examples that are right (rounded down to tenths)")
    axes.set_ylabel("share of problems")
    return drawn


def _label(text: str) -> str:
    flat = " ".join(safe(text).split())
    return flat if len(flat) <= LONGEST_LABEL else f"{flat[: LONGEST_LABEL - 1]}…"


_DRAWN: dict[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "lengths": _lengths,
    "answers": _answers,
    "paths": _paths,
    "pass_rates": _pass_rates,
}
