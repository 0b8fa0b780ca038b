"""The gains and losses of abstaining, and whether a model abstains if there is no answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from eval.analysis.self_knowledge.estimate import IntervalEstimate
from eval.analysis.self_knowledge.phrasings import Admission
from eval.analysis.self_knowledge.refusals import Change, RefusalComparison
from eval.report.numbers import probability
from eval.report.plots.legend import Legend
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import SELF_KNOWLEDGE
from eval.report.sections.self_knowledge.lines import who
from eval.report.tables import Cell, Table, TableColumn, estimate, p_value, pooled_first, table, text, whole

REFUSALS_NOTE = (
    "Method minus its base, on the problems that both have checked answers to. Kept: of "
    "the base's right answers, the share still right, so that always abstaining cannot "
    "look good. Refused: abstentions where the base gave an answer; precision: the share "
    "of these where that answer was wrong. p-values with Holm's correction over the rows "
    "of a task."
)
ADMISSIONS_NOTE = (
    "Problems that have no answer: invented names and false premises. Admitted: share "
    "of them on which the method abstains."
)


def section(inputs: ReportInputs) -> Section:
    """The section on abstention."""
    found, legend = inputs.self_knowledge, inputs.legend
    return Section(
        "abstention",
        "What does abstaining gain and lose?",
        SELF_KNOWLEDGE,
        tables=(*_refusals(found.refusals, legend), *_admissions(found.admissions, legend)),
        data={
            "knowing": {
                "refusals": [asdict(row) for row in found.refusals],
                "admissions": [asdict(row) for row in found.admissions],
            }
        },
    )


def _refusals(rows: Sequence[RefusalComparison], legend: Legend) -> tuple[Table, ...]:
    columns = (
        *who(legend),
        text("against", lambda r: legend.answers(r.base_stage, r.base_strategy).label),
        whole("problems", "problems"),
        estimate("hallucination", _change(lambda r: r.hallucination), sign=True),
        p_value("adjusted p", "hallucination.p_holm"),
        estimate("accuracy on answerable", _change(lambda r: r.accuracy), sign=True),
        TableColumn("its adjusted p", lambda r: Cell(probability(r.accuracy and r.accuracy.p_holm))),
        whole("base right", "base_right"),
        estimate("kept", "kept"),
        estimate("refused: precision", "refused.precision"),
        estimate("refused: recall", "refused.recall"),
    )
    title = "What abstaining gains and loses"
    return table("refusals", title, REFUSALS_NOTE, pooled_first(rows), columns)


def _change(of: Callable[[Any], Change | None]) -> Callable[[Any], IntervalEstimate]:
    """The difference as an estimate; undefined where there is none."""

    def read(row: Any) -> IntervalEstimate:
        change = of(row)
        if change is None:
            return IntervalEstimate()
        return IntervalEstimate(change.difference, change.low, change.high)

    return read


def _admissions(rows: Sequence[Admission], legend: Legend) -> tuple[Table, ...]:
    columns = (
        *who(legend),
        text("family", lambda r: r.family or "all"),
        whole("problems", "problems"),
        estimate("admitted", "admitted"),
    )
    title = "Does the method abstain when there is no answer?"
    return table("admissions", title, ADMISSIONS_NOTE, pooled_first(rows), columns, grey="ceiling")
