"""What eval/analysis says of the stages, ready for the page: its rows, plots and tables.

It is run once per report. A stage from before outcomes.parquet cannot be analysed; then the report has its
curve, its comparisons and its problems, and says what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.analysis.generalisation import Generalisation
from eval.analysis.shape import Analysis, Method
from eval.report.plots.axes import TOKENS, axis_of
from eval.report.plots.plot import Plot
from eval.report.plots.style import dash_of, methods_of
from eval.report.sections import corpora, corpora_plot, courses, generalisation, knowing, rounds, scaling
from eval.report.sections.studied_plots import Name, plots_of
from eval.report.sections.studied_tables import tables_of, times
from eval.report.tables import Table
from eval.report.trained_models import CorpusFacts, TrainingRun
from eval.report.view import LoadedStage
from lab.system.terminal import finite


@dataclass(frozen=True, slots=True)
class Studied:
    """`analysis` is analysis.json's content; `missing` says why it is without an analysis, where it is."""

    analysis: dict[str, Any]
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    missing: str = ""
    headline: str = ""
    corpora: tuple[corpora.CorpusResult, ...] = ()
    courses: tuple[TrainingRun, ...] = ()
    generalisation: tuple[Generalisation, ...] = ()


def study(stages: Sequence[LoadedStage], made: Sequence[CorpusFacts] = ()) -> Studied:
    """Analyse the stages that can be: all or none, because the comparisons are across stages.

    `made`: the corpora of the run, those that no model was trained on too.
    """
    from eval.analysis import EvaluatedStage, analyse

    old = [s.label for s in stages if not (s.view.folder / "outcomes.parquet").is_file()]
    if old or not any(s.points for s in stages):
        why = (
            f"No outcomes.parquet in {', '.join(old)}: run these stages again to get the analysis."
            if old
            else ""
        )
        return Studied({}, missing=why)
    fixed = {s.label: s.view.fixed_flops for s in stages if s.view.fixed_flops is not None}
    cost = "tokens" if axis_of(stages) is TOKENS else "flops_shared"
    found = analyse(
        [EvaluatedStage(s.label, s.view.model, s.view.folder) for s in stages], fixed=fixed, cost=cost
    )
    name = _names(stages, found.methods)
    lines, fits, ran = (
        corpora.lines_of(stages, made),
        scaling.scalings_of(stages),
        courses.courses_of(stages),
    )
    sets, known = generalisation.rows_of(stages), knowing.rows_of(stages)
    more = {
        "generalisation": [asdict(row) for row in sets],
        "corpora": [asdict(line) for line in lines],
        "data_scaling": [asdict(fit) for fit in fits],
        "knowing": asdict(known),
        "trainings": [courses.as_data(course) for course in ran],
    }
    trained_on = [corpora.table(lines)] if lines else []
    return Studied(
        asdict(found) | more,
        (
            *plots_of(found, name),
            *rounds.plots(stages),
            *courses.plots(ran),
            *corpora_plot.plots(lines),
            *scaling.plots(fits),
            *generalisation.plots(sets, stages),
            *knowing.plots(known, stages),
        ),
        (
            *tables_of(found, name),
            *rounds.tables(stages),
            *courses.tables(ran),
            *trained_on,
            *scaling.tables(fits),
            *generalisation.tables(sets),
            *knowing.tables(known, stages),
        ),
        headline=_cheapest(stages[-1].label, found, name),
        corpora=tuple(lines),
        courses=tuple(ran),
        generalisation=tuple(sets),
    )


def _cheapest(stage: str, analysis: Analysis, name: Callable[[str], Name]) -> str:
    """How much less compute than self-consistency the best method of the last stage needs, if it is shown."""
    kinds = {m.id: m for m in analysis.methods if m.stage == stage}
    task = next(
        (t for t in ("all", *(r.task for r in analysis.ratios)) if t in {r.task for r in analysis.ratios}), ""
    )
    mine = [
        r
        for r in analysis.ratios
        if r.task == task
        and r.at == "best"
        and r.method in kinds
        and not kinds[r.method].ceiling
        and r.reference in kinds
        and kinds[r.reference].strategy == "self_consistency"
    ]
    shown = [r for r in mine if r.ratio is not None and r.low is not None and r.low > 1]
    if not mine:
        return ""
    if not shown:
        return "No method is shown to reach the best accuracy of self-consistency with less compute."
    best = max(shown, key=lambda r: r.low or 0.0)
    return (
        f"{name(best.method).label} reaches the best accuracy of self-consistency "
        f"({best.accuracy:.2f}) with {times(best).text.replace('≥', 'at least')} times less "
        f"compute; it is the best of {len(mine)} methods."
    )


def as_json(studied: Studied) -> str:
    """Strict JSON (undefined numbers as null) with a final newline."""
    return json.dumps(finite(studied.analysis), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _names(stages: Sequence[LoadedStage], methods: Sequence[Method]) -> Callable[[str], Name]:
    """Method id -> how it is called and drawn, the same as on the curve."""
    dashes = {s.label: dash_of(s.index, len(stages)) for s in stages}
    looks = {(m.strategy, m.scorer): m for m in methods_of(stages)}
    several = len(stages) > 1
    known: dict[str, Name] = {}
    for m in methods:
        look = looks.get((m.strategy, m.scorer))
        label = look.label if look else m.strategy
        hue, marker = (-1 if m.ceiling else look.hue, look.marker) if look else (-1, 0)
        known[m.id] = Name(f"{m.stage} · {label}" if several else label, hue, marker, dashes.get(m.stage, ()))
    return lambda id: known.get(id) or Name(id, -1, 0)
