"""Collects the content of a report from its stages, and makes its files."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.analysis import EvaluatedStage, analyse
from eval.analysis.compute.ratios import Ratio
from eval.analysis.self_knowledge.analysis import analyse_self_knowledge
from eval.report import tables
from eval.report.markdown import results
from eval.report.overview import summary
from eval.report.overview.answer_readers import warning
from eval.report.overview.comparisons import StageComparison, stage_comparisons
from eval.report.page.browse import browse
from eval.report.page.page import render, title_of
from eval.report.plots.axes import TOKENS, axis_of, note
from eval.report.plots.figure import draw
from eval.report.plots.figures import pictures
from eval.report.plots.legend import Legend
from eval.report.section import ReportInputs, Section
from eval.report.sections import sections_of
from eval.report.trained_models import CorpusFacts
from eval.report.view import LoadedStage, StageView, load
from lab.formats.outcomes import FILE as OUTCOMES
from lab.formats.points import COLUMNS
from lab.formats.points import FILE as POINTS
from lab.formats.report import ANALYSIS, CURVES, FIGURES, PAGE, RESULTS, SUMMARY
from lab.system.process import give_back
from lab.system.spreadsheet import Writer
from lab.system.terminal import finite


@dataclass(frozen=True, slots=True)
class Report:
    """The content of a report; `summary` and `analysis` are the contents of summary.json and analysis.json.

    `missing` is why there are no sections, if there are none.
    """

    stages: list[LoadedStage]
    comparisons: list[StageComparison]
    summary: dict[str, Any]
    analysis: dict[str, Any]
    ratios: Sequence[Ratio]
    sections: list[Section]
    missing: str


def examined(views: Sequence[StageView], made: Sequence[CorpusFacts]) -> Report:
    """Reads the stages and computes everything; memory that a step no longer needs is freed before the
    next.
    """
    stages = load(views)
    give_back()
    comparisons = stage_comparisons(stages)
    told = summary.summarise(stages, comparisons)
    give_back()
    missing, inputs = _without_outcomes(stages), None
    if not missing and any(s.points for s in stages):
        inputs = _inputs(stages, made)
    sections = sections_of(inputs) if inputs else []
    give_back()
    told |= merged(section.summary for section in sections)
    said = (*(section.headline for section in sections), note(stages), warning(stages))
    told["headline"] += [sentence for sentence in said if sentence]
    analysis = asdict(inputs.analysis) | merged(section.data for section in sections) if inputs else {}
    ratios = inputs.analysis.ratios if inputs else ()
    return Report(stages, comparisons, told, analysis, ratios, sections, missing)


def _without_outcomes(stages: Sequence[LoadedStage]) -> str:
    """Which stages are too old to have outcomes.parquet, so that nothing can be analysed; "" if there are
    none.
    """
    old = [s.label for s in stages if not (s.view.folder / OUTCOMES).is_file()]
    return f"No {OUTCOMES} in {', '.join(old)}: run these stages again to get the analysis." if old else ""


def _inputs(stages: Sequence[LoadedStage], made: Sequence[CorpusFacts]) -> ReportInputs:
    """The analyses that sections share. All stages or none, because the comparisons are across stages."""
    fixed = {s.label: s.view.fixed_flops for s in stages if s.view.fixed_flops is not None}
    cost = "tokens" if axis_of(stages) is TOKENS else "flops_shared"
    evaluated = [EvaluatedStage(s.label, s.view.model, s.view.folder) for s in stages]
    analysis = analyse(evaluated, fixed=fixed, cost=cost)
    return ReportInputs(
        stages, made, analysis, analyse_self_knowledge(evaluated), Legend(stages, analysis.methods)
    )


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All keys of the parts in order; mappings with the same key are merged."""
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            found[key] = {**found.get(key, {}), **value} if isinstance(value, Mapping) else value
    return found


def files_of(report: Report, provenance: Mapping[str, Any]) -> Iterator[tuple[str, str | bytes]]:
    """(path in the report's folder, content) of every file; the page comes last."""
    title, points = title_of(report.stages, provenance), points_csv(report.stages)
    curve = draw(report.stages, _figure_title(report.stages, title))
    yield POINTS, points
    yield from ((f"{CURVES}.{kind}", content) for kind, content in curve.items())
    yield from ((f"{FIGURES}/{name}", content) for name, content in _figures(report, title))
    yield SUMMARY, _json(report.summary, indent=2)
    yield ANALYSIS, _json(finite(report.analysis), indent=1)
    for section in report.sections:
        yield from section.files.items()
    yield RESULTS, results(report.stages, report.ratios, title, report.sections)
    yield PAGE, _page(report, provenance, curve["svg"], points)


def _figures(report: Report, title: str) -> Iterator[tuple[str, str | bytes]]:
    plots = [plot for section in report.sections for plot in section.plots]
    yield from pictures(report.stages, plots, title)
    for section in report.sections:
        yield from ((f"table-{table.id}.csv", tables.to_csv(table)) for table in section.tables)


def _json(content: Mapping[str, Any], indent: int) -> str:
    """Strict JSON (no NaN) with a final newline."""
    return json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False) + "\n"


def _page(report: Report, provenance: Mapping[str, Any], figure: bytes, points: str) -> bytes:
    page = render(
        report.stages,
        report.comparisons,
        report.summary["headline"],
        provenance,
        figure,
        points,
        browse(report.stages),
        report.sections,
        report.missing,
    )
    return page.encode("utf-8", "replace")


def points_csv(stages: Sequence[LoadedStage]) -> str:
    """All stages' rows, in the contract's columns; an undefined number is an empty cell."""
    text = io.StringIO(newline="")
    writer = Writer(text)
    writer.writerow(COLUMNS)
    for stage in stages:
        for point in stage.points:
            writer.writerow([point.text[c] if c in point.text else _cell(point.numbers[c]) for c in COLUMNS])
    return text.getvalue()


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _figure_title(stages: Sequence[LoadedStage], title: str) -> str:
    models = ", ".join(dict.fromkeys(s.view.model for s in stages if s.view.model))
    problems = len({a.key for s in stages for a in s.answers})
    return f"{title}: {models or 'no model'}, n = {problems} problems"
