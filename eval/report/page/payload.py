"""What the scripts of the page draw: one block of plain JSON data that can stand inside a script element."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eval.report.page.browse import Browser
from eval.report.plots import plot
from eval.report.plots.axes import axes_of
from eval.report.plots.figure import gaps_of
from eval.report.plots.style import MARKERS, MethodStyle, dash_of, methods_of
from eval.report.section import Section
from eval.report.sections.chapters import by_chapter
from eval.report.view import LoadedStage, tasks_of
from lab.system.terminal import safe

NUMBERS = (
    "samples",
    "problems",
    "accuracy",
    "ci_low",
    "ci_high",
    "prompt_tokens",
    "completion_tokens",
    "flops_logical",
    "flops_shared",
    "flops_engine",
    "seconds",
    "failed",
    "unscored",
    "latency_p50",
    "latency_p95",
    "concurrency",
)


def payload(
    stages: Sequence[LoadedStage], browser: Browser, sections: Sequence[Section] = ()
) -> dict[str, Any]:
    """What the scripts draw, as plain JSON data; points are rows of `columns`, task and series by index."""
    methods, tasks = methods_of(stages), tasks_of(stages)
    index = {(m.strategy, m.scorer): i for i, m in enumerate(methods)}
    series = list(dict.fromkeys((p.stage, index[p.method]) for s in stages for p in s.points))
    at = {pair: i for i, pair in enumerate(series)}
    rows = [
        [
            tasks.index(p.task),
            at[p.stage, index[p.method]],
            p.measured,
            *(_plain(p.numbers[c]) for c in NUMBERS),
        ]
        for s in stages
        for p in s.points
    ]
    return {
        "columns": ["task", "series", "measured", *NUMBERS],
        "points": rows,
        "series": [{"stage": s, "method": m} for s, m in series],
        "methods": [_method(m, gaps_of(stages, m)) for m in methods],
        "stages": [
            {"label": safe(s.label), "model": safe(s.view.model), "dash": dash_of(s.index, len(stages))}
            for s in stages
        ],
        "tasks": [safe(t) for t in tasks],
        "axes": [asdict(axis) for axis in axes_of(stages)],
        "browser": visible(browser.head),
        "plots": visible(
            [
                plot.as_data(p, chapter.id)
                for chapter, members in by_chapter(sections).items()
                for section in members
                for p in section.plots
            ]
        ),
    }


def _method(method: MethodStyle, gaps: str) -> dict[str, Any]:
    return {
        "gaps": gaps,
        "label": safe(method.label),
        "strategy": safe(method.strategy),
        "ceiling": method.ceiling,
        "hue": method.hue,
        "marker": MARKERS[method.marker],
    }


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() and abs(value) < 2**53 else value


def visible(value: Any) -> Any:
    """The same data with control characters in its texts made visible."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, Mapping):
        return {visible(k): visible(v) for k, v in value.items()}
    return [visible(v) for v in value] if isinstance(value, (list, tuple)) else value


def embed(value: Any) -> str:
    """JSON that can stand inside a script element: no `<`, `>`, `&`, no U+2028, no U+2029."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
