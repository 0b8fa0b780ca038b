"""What a report finds out about its stages, and the files that say so."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.report import summary, tables
from eval.report.markdown import results
from eval.report.page.browse import browse
from eval.report.page.page import render, title_of
from eval.report.plots.axes import note
from eval.report.plots.figure import draw
from eval.report.plots.figures import pictures
from eval.report.sections import generalisation, studied
from eval.report.sections.compared import StageComparison, compare
from eval.report.sections.corpora import to_csv as corpora_csv
from eval.report.sections.read_by import warning
from eval.report.sections.studied import Studied, study
from eval.report.trained_models import CorpusFacts
from eval.report.view import LoadedStage, StageView, load
from lab.formats.points import COLUMNS
from lab.formats.spreadsheet import Writer
from lab.system.memory import give_back


@dataclass(frozen=True, slots=True)
class Found:
    """All that a report says; `summary` is the content of summary.json."""

    stages: list[LoadedStage]
    comparisons: list[StageComparison]
    summary: dict[str, Any]
    studied: Studied


def examined(views: Sequence[StageView], made: Sequence[CorpusFacts]) -> Found:
    """Read the stages and compute everything; what a step no longer needs is given back before the next."""
    stages = load(views)
    give_back()
    comparisons = compare(stages)
    told = summary.summarise(stages, comparisons)
    give_back()
    analysed = study(stages, made)
    give_back()
    told |= summary.of_training(analysed)
    told["headline"] += [said for said in (analysed.headline, note(stages), warning(stages)) if said]
    return Found(stages, comparisons, told, analysed)


def files_of(found: Found, provenance: Mapping[str, Any]) -> Iterator[tuple[str, str | bytes]]:
    """(path in the report's folder, content) of every file; the page comes last."""
    title, points = title_of(found.stages, provenance), points_csv(found.stages)
    curve = draw(found.stages, _figure_title(found.stages, title))
    yield "points.csv", points
    yield from ((f"curves.{kind}", content) for kind, content in curve.items())
    yield from ((f"figures/{name}", content) for name, content in _figures(found, title))
    yield from _numbers(found)
    yield "results.md", results(found.stages, found.studied.analysis, title, found.studied.tables)
    yield "report.html", _page(found, provenance, curve["svg"], points)


def _figures(found: Found, title: str) -> Iterator[tuple[str, str | bytes]]:
    yield from pictures(found.stages, found.studied.plots, title)
    yield from ((f"table-{table.id}.csv", tables.to_csv(table)) for table in found.studied.tables)


def _numbers(found: Found) -> Iterator[tuple[str, str]]:
    """The files for programs; those of which there is nothing to say are left out."""
    yield "summary.json", summary.as_json(found.summary)
    yield "analysis.json", studied.as_json(found.studied)
    if found.studied.corpora:
        yield "corpora.csv", corpora_csv(found.studied.corpora)
    if found.studied.generalisation:
        yield "generalisation.csv", generalisation.to_csv(found.studied.generalisation)


def _page(found: Found, provenance: Mapping[str, Any], figure: bytes, points: str) -> bytes:
    page = render(
        found.stages,
        found.comparisons,
        found.summary["headline"],
        provenance,
        figure,
        points,
        browse(found.stages),
        found.studied,
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
