"""How often a model gives a wrong answer instead of abstaining, and how well it abstains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from eval.analysis.self_knowledge.hallucination import SCORED_AT, Hallucination
from eval.report.plots.legend import Legend
from eval.report.plots.plot import UNIT_INTERVAL, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import SELF_KNOWLEDGE
from eval.report.sections.self_knowledge.lines import (
    BAND,
    COSTS,
    compute_axis,
    dot,
    line,
    spent,
    who,
    with_dots,
)
from eval.report.tables import Table, by_task, estimate, number, pooled_first, table, whole

TABLE_NOTE = (
    "Hallucination: a wrong answer, or any answer to a problem that has none, as a share "
    "of all problems. Precision, recall and F1 of abstaining: positives are the problems "
    "without an answer. Withheld: on problems that have an answer, whether the first "
    "answer was right or wrong where the method then abstained. Score at t: right 1, "
    "wrong −t / (1 − t), abstained 0."
)
PLOT_NOTE = (
    "Hallucination rate: share of all problems with a wrong answer, or with any answer "
    "where there is none. Bars: 95 % CI over problems."
)


def section(inputs: ReportInputs) -> Section:
    """The section on hallucination."""
    rows = inputs.self_knowledge.hallucinations
    return Section(
        "hallucination",
        "How often is a wrong answer given instead of an abstention?",
        SELF_KNOWLEDGE,
        tables=_table(rows, inputs.legend),
        plots=with_dots(_plots([r for r in rows if not r.band], inputs.legend)),
        data={"knowing": {"hallucinations": [asdict(row) for row in rows]}},
    )


def _table(rows: Sequence[Hallucination], legend: Legend) -> tuple[Table, ...]:
    task, method = who(legend)
    columns = (
        task,
        BAND,
        method,
        whole("problems", "problems"),
        whole("answerable", "answerable"),
        estimate("hallucination", "hallucination"),
        estimate("abstention", "abstention"),
        estimate("accuracy", "accuracy"),
        estimate("accuracy on answerable", "accuracy_answerable"),
        estimate("accuracy when it answers", "accuracy_answered"),
        estimate("precision", "detection.precision"),
        estimate("recall", "detection.recall"),
        estimate("F1", "detection.f1"),
        estimate("withheld: precision", "unknown.precision"),
        estimate("withheld: recall", "unknown.recall"),
        *(number(f"score at {t:g}", _scored(i)) for i, t in enumerate(SCORED_AT)),
        *COSTS,
    )
    title = "Hallucination and abstention"
    return table("hallucination", title, TABLE_NOTE, pooled_first(rows), columns, grey="ceiling")


def _scored(number: int) -> Callable[[Hallucination], float | None]:
    return lambda r: r.scores[number]


def _plots(rows: Sequence[Hallucination], legend: Legend) -> Iterator[Plot]:
    title, y = "Hallucination and compute", UNIT_INTERVAL.named("hallucination rate")
    for task, mine in by_task(rows).items():
        x, lines = compute_axis(mine), []
        for r in mine:
            note = f"abstains from {100 * (r.abstention.value or 0):.0f} %"
            lines.append(line(legend, r, dot(spent(r, x), r.hallucination, note), "dots"))
        yield Plot("hallucination-compute", title, PLOT_NOTE, task, x, y, tuple(lines))
