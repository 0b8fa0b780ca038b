"""The page: one HTML file that works from disk, makes no network requests and treats all texts as untrusted.

Tables, numbers and provenance are written here, through a template that escapes everything, so that the page
can be read without scripts. The curve and the example browser are drawn by the scripts in assets/ from one
JSON block in which `<`, `>` and `&` are escaped. A content security policy that names the script by its
digest makes the browser refuse all other scripts, including those in a sample.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from eval.report.numbers import interval, probability, quantity
from eval.report.overview import faults, spent
from eval.report.overview.answer_readers import answer_readers
from eval.report.overview.comparisons import StageComparison
from eval.report.page.browse import Browser
from eval.report.page.groups import GROUPS
from eval.report.page.payload import embed, payload
from eval.report.plots.axes import axes_of
from eval.report.plots.figure import stage_label
from eval.report.plots.style import DARK_HUES, LIGHT_HUES, methods_of, named
from eval.report.section import Section
from eval.report.sections.chapters import by_chapter
from eval.report.view import LoadedStage, PointRow, tasks_of
from lab.system.terminal import safe

SCRIPTS = ("base.js", "chart.js", "legend.js", "tables.js", "plot.js", "answer.js", "browser.js")


DARK = (
    "color-scheme: dark; --page: #131518; --card: #1a1d21; --ink: #e9ebed; --soft: #a9b0b7; "
    "--faint: #757c84; --rule: #2e3339; --wash: #22262b; --accent: #6cb8ee; --right: #6cb8ee; "
    "--wrong: #f2955c; --ceiling: #8b9197; --shadow: 0 4px 18px rgb(0 0 0 / .5); "
)
POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def render(
    stages: Sequence[LoadedStage],
    comparisons: Sequence[StageComparison],
    headline: Sequence[str],
    provenance: Mapping[str, Any],
    figure: bytes,
    points_csv: str,
    browser: Browser,
    sections: Sequence[Section],
    missing: str,
) -> str:
    """The whole of report.html. `figure` is curves.svg, `points_csv` the file offered for download.

    `missing` says why there are no sections.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return safe(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=shown, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(interval=interval, probability=probability, quantity=quantity, named=named)
    script = "\n".join(_asset(name) for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    return environment.from_string(_asset("page.html")).render(
        title=title_of(stages, provenance),
        headline=headline,
        policy=POLICY.format(digest=digest),
        css=Markup(css()),
        script=Markup(script),
        data=Markup(embed(payload(stages, browser, sections))),
        browser=browser,
        missing=missing,
        chapters=_chapters(sections),
        figure=Markup(_inline(figure)),
        csv=Markup(base64.b64encode(points_csv.encode()).decode()),
        stages=stages,
        stage_label=stage_label,
        tasks=tasks_of(stages),
        axes=axes_of(stages),
        results=results(stages),
        comparisons=comparisons,
        reach=_reach(comparisons),
        faults=faults.count(stages),
        errors=faults.errors(stages),
        shown_errors=faults.SHOWN_ERRORS,
        compute=spent.totals(stages),
        groups=GROUPS,
        provenance=provenance,
        answer_readers=answer_readers(stages),
    )


def title_of(stages: Sequence[LoadedStage], provenance: Mapping[str, Any]) -> str:
    """The recipe's name, else the runs' labels, else a plain title."""
    recipe = provenance.get("recipe")
    named = provenance.get("name") or (recipe.get("name") if isinstance(recipe, Mapping) else None)
    return str(named or ", ".join(dict.fromkeys(s.view.run for s in stages if s.view.run)) or "Evaluation")


def _chapters(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """The chapters between the results and the problems, those that results.md prints first."""
    found = sorted(by_chapter(sections).items(), key=lambda item: not item[0].printed)
    return [
        {
            "id": chapter.id,
            "title": chapter.title,
            "note": chapter.note,
            "tables": [table for section in members for table in section.tables],
            "plots": any(section.plots for section in members),
        }
        for chapter, members in found
    ]


def results(stages: Sequence[LoadedStage]) -> list[dict[str, Any]]:
    """The rows of the results table: measured points, and the last one of a curve that is only derived."""
    methods = {(m.strategy, m.scorer): m for m in methods_of(stages)}
    last: dict[tuple[int, str, tuple[str, str]], PointRow] = {}
    for point in (p for s in stages for p in s.points):
        kept = last.setdefault((point.stage, point.task, point.method), point)
        if (point.measured, point.number("samples")) > (kept.measured, kept.number("samples")):
            last[point.stage, point.task, point.method] = point
    rows = [
        {"point": p, "method": methods[p.method], "stage": s, "tokens": _tokens(p)}
        for s in stages
        for p in s.points
        if p.measured or last[p.stage, p.task, p.method] is p
    ]
    order = tasks_of(stages)
    return sorted(rows, key=lambda r: (order.index(r["point"].task), r["method"].ceiling))


def _reach(comparisons: Sequence[StageComparison]) -> tuple[float, float]:
    """The ends of the axis that the differences are drawn on; it holds zero."""
    low, high = min([0.0, *(c.low for c in comparisons)]), max([0.0, *(c.high for c in comparisons)])
    return min(low, -0.02), max(high, 0.02)


def _tokens(point: PointRow) -> float:
    return point.number("prompt_tokens") + point.number("completion_tokens")


def css() -> str:
    """The style sheet with both palettes filled in."""
    light = " ".join(f"--hue{i}: {c};" for i, c in enumerate(LIGHT_HUES))
    dark = " ".join(f"--hue{i}: {c};" for i, c in enumerate(DARK_HUES))
    return _asset("page.css").replace("HUES_LIGHT", light).replace("DARK", DARK + dark)


def _inline(figure: bytes) -> str:
    """The SVG element alone, without the XML prologue."""
    text = figure.decode()
    return text[text.index("<svg") :]


def _asset(name: str) -> str:
    return (files("eval.report.page") / "assets" / name).read_text(encoding="utf-8")
