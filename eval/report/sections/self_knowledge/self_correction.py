"""The effect of revision: what happened to right and wrong first answers, round by round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from eval.analysis.inputs.answers import STATES
from eval.analysis.self_knowledge.correction import Correction
from eval.report.plots.legend import Legend
from eval.report.plots.plot import UNIT_INTERVAL, Axis, Dot, Line, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import SELF_KNOWLEDGE
from eval.report.sections.self_knowledge.lines import COSTS, dot, line, who, with_dots
from eval.report.tables import Table, by_task, estimate, p_value, pooled_first, table, whole

TABLE_NOTE = (
    "t1: the first answer, t2: the final one. Delta = i→c − c→i, paired on the same "
    "problems; p-values with Holm's correction over the methods of a stage and task. "
    "Methods that use the gold are grey: they are upper limits, not results."
)
FLOW_TABLE_NOTE = (
    "Answers by their state before and after. Where a problem has no answer, an abstention is right."
)
FLOW_NOTE = (
    "Share of all problems by what happened to the first answer; first answers that "
    "abstain are in the table. Corrected: wrong → right, corrupted: right → wrong."
)
ROUNDS_NOTE = (
    "After the first answer (1) and after each further one; where a method has "
    "stopped, its last answer counts."
)
FLOWS = (
    ("stays right", "right", "right"),
    ("corrupted", "right", "wrong"),
    ("corrected", "wrong", "right"),
    ("stays wrong", "wrong", "wrong"),
    ("right, then withheld", "right", "abstained"),
    ("wrong, then withheld", "wrong", "abstained"),
)


def section(inputs: ReportInputs) -> Section:
    """The section on self-correction."""
    rows, legend = inputs.self_knowledge.corrections, inputs.legend
    return Section(
        "self_correction",
        "What did revising change?",
        SELF_KNOWLEDGE,
        tables=(*_corrections(rows, legend), *_flow_table(rows, legend)),
        plots=with_dots((*_flow(rows, legend), *_rounds(rows, legend))),
        data={"knowing": {"corrections": [asdict(row) for row in rows]}},
    )


def _corrections(rows: Sequence[Correction], legend: Legend) -> tuple[Table, ...]:
    columns = (
        *who(legend),
        whole("problems", "problems"),
        whole("failed", "failed"),
        estimate("Acc@t1", "first"),
        estimate("Acc@t2", "final"),
        estimate("delta", "delta", sign=True),
        p_value("adjusted p", "p_holm"),
        estimate("i→c", "gained"),
        estimate("c→i", "lost"),
        estimate("i→c of the wrong", "gained_of_wrong"),
        estimate("c→i of the right", "lost_of_right"),
        estimate("edited", "edited"),
        *COSTS,
    )
    title = "What revising changed"
    return table("corrections", title, TABLE_NOTE, pooled_first(rows), columns, grey="ceiling")


def _flow_table(rows: Sequence[Correction], legend: Legend) -> tuple[Table, ...]:
    moves = [whole(f"{a} → {b}", _counted(i, j)) for i, a in enumerate(STATES) for j, b in enumerate(STATES)]
    title, columns = "What happened to first answers", (*who(legend), *moves)
    return table("correction-flow", title, FLOW_TABLE_NOTE, pooled_first(rows), columns, grey="ceiling")


def _counted(before: int, after: int) -> Callable[[Correction], int]:
    return lambda r: r.flow[before][after]


def _flow(rows: Sequence[Correction], legend: Legend) -> Iterator[Plot]:
    title, y = "What happened to right and wrong first answers", UNIT_INTERVAL.named("share of all problems")
    for task, mine in by_task(rows).items():
        lines = []
        for number, (label, before, after) in enumerate(FLOWS):
            i, j = STATES.index(before), STATES.index(after)
            dots = [
                Dot(float(place), r.flow[i][j] / r.problems, note=f"{r.flow[i][j]} of {r.problems}")
                for place, r in enumerate(mine)
            ]
            lines.append(Line(label, tuple(dots), number, number, "bar"))
        x = Axis("method", ticks=tuple(legend.answers(r.stage, r.strategy).label for r in mine))
        yield Plot("correction-flow", title, FLOW_NOTE, task, x, y, tuple(lines))


def _rounds(rows: Sequence[Correction], legend: Legend) -> Iterator[Plot]:
    x, y = Axis("number of whole answers written (t)", whole=True), UNIT_INTERVAL.named("accuracy")
    for task, mine in by_task(rows).items():
        lines = []
        for r in mine:
            notes = [f"{100 * t.written:.0f} % have this answer" for t in r.rounds]
            rounds = zip(r.rounds, notes, strict=True)
            lines.append(line(legend, r, [d for t, n in rounds for d in dot(float(t.round), t.accuracy, n)]))
        title = "Accuracy after each answer"
        yield Plot("correction-rounds", title, ROUNDS_NOTE, task, x, y, tuple(lines))
