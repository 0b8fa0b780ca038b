"""The report on finished evaluate stages: for a person (report.html, curves.png, curves.svg), for programs
(points.csv, corpora.csv, generalisation.csv, summary.json, analysis.json) and for papers (results.md;
figures/ has every plot as PNG, SVG, PDF and CSV).

It only reads what the stages wrote, so it can be made again at any time, for any set of stages, also of
different runs. The same input gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.report.corpus import Corpus
from eval.report.view import COLUMNS, Stage, StageView, load
from lab.core.files import write_atomic
from lab.core.memory import give_back
from lab.core.spreadsheet import Writer

__all__ = ["StageView", "build_report"]


def build_report(
    stages: Sequence[StageView], out: Path, provenance: Mapping[str, Any], made: Sequence[Corpus] = ()
) -> Path:
    """Write the report's files into `out` and return the path of report.html.

    The first stage is the baseline that later ones are compared with. `provenance` is shown as it is
    (any nesting of mappings, lists and texts); a `name` in it becomes the title. `made` are the corpora of
    the run, shown whether a model was trained on them or not. Each file appears whole or not at all. Raises
    InputError naming a stage file or column that is not there.
    """
    from eval.report.axes import note
    from eval.report.browse import browse
    from eval.report.compared import compare
    from eval.report.corpora import to_csv as corpora_csv
    from eval.report.figure import draw
    from eval.report.figures import pictures
    from eval.report.generalisation import to_csv as generalisation_csv
    from eval.report.markdown import results
    from eval.report.page import render, title_of
    from eval.report.studied import as_json as analysis_json
    from eval.report.studied import study
    from eval.report.summary import as_json, of_training, summarise
    from eval.report.tables import to_csv

    loaded = load(stages)
    give_back()
    comparisons = compare(loaded)
    summary = summarise(loaded, comparisons)
    give_back()
    studied = study(loaded, made)
    give_back()
    summary |= of_training(studied)
    summary["headline"] += [said for said in (studied.headline, note(loaded)) if said]
    points = _points_csv(loaded)
    title = title_of(loaded, provenance)
    curve = draw(loaded, _figure_title(loaded, title))
    page = render(
        loaded,
        comparisons,
        summary["headline"],
        provenance,
        curve["svg"],
        points,
        browse(loaded),
        studied,
    )
    write_atomic(out / "points.csv", points)
    write_atomic(out / "summary.json", as_json(summary))
    for kind, content in curve.items():
        write_atomic(out / f"curves.{kind}", content)
    for name, content in pictures(loaded, studied.plots, title):
        write_atomic(out / "figures" / name, content)
    for table in studied.tables:
        write_atomic(out / "figures" / f"table-{table.id}.csv", to_csv(table))
    write_atomic(out / "analysis.json", analysis_json(studied))
    if studied.corpora:
        write_atomic(out / "corpora.csv", corpora_csv(studied.corpora))
    if studied.generalisation:
        write_atomic(out / "generalisation.csv", generalisation_csv(studied.generalisation))
    write_atomic(out / "results.md", results(loaded, studied.analysis, title, studied.tables))
    write_atomic(out / "report.html", page.encode("utf-8", "replace"))
    return out / "report.html"


def _points_csv(stages: Sequence[Stage]) -> str:
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


def _figure_title(stages: Sequence[Stage], title: str) -> str:
    models = ", ".join(dict.fromkeys(s.view.model for s in stages if s.view.model))
    problems = len({a.key for s in stages for a in s.answers})
    return f"{title}: {models or 'no model'}, n = {problems} problems"
