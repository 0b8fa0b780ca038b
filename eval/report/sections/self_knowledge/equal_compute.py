"""Whether revision is better than more samples at the same compute."""

from __future__ import annotations

from dataclasses import asdict

from eval.analysis.self_knowledge.equal_compute import EqualCompute
from eval.report.numbers import MISSING
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import SELF_KNOWLEDGE
from eval.report.sections.self_knowledge.lines import who
from eval.report.tables import (
    Cell,
    TableColumn,
    amount,
    estimate,
    number,
    p_value,
    pooled_first,
    table,
    text,
    whole,
)

TITLE = "Revising against more samples at equal compute"
NOTE = (
    "The baseline at the mean cost per problem of the correction: a mixture of the two numbers of "
    "samples whose costs are next to it. A baseline of a single sample is used as it is. "
    "Difference: accuracy of the correction minus that of the baseline, paired by "
    "problem; p-values with Holm's correction over the methods of a task, baseline and "
    "unit. Nothing is extrapolated."
)


def section(inputs: ReportInputs) -> Section:
    """The section on self-correction at equal compute: one table."""
    rows = inputs.self_knowledge.equal_compute
    columns = (
        *who(inputs.legend),
        text("baseline", "baseline"),
        text("equal in", lambda r: "FLOPs" if r.unit == "flops_shared" else r.unit),
        whole("problems", "problems"),
        amount("cost", "cost"),
        amount("baseline's cost", "baseline_cost"),
        TableColumn("baseline's samples", _samples),
        number("accuracy", "accuracy"),
        number("baseline's accuracy", "baseline_accuracy"),
        estimate("difference", "difference", "low", "high", sign=True),
        p_value("adjusted p", "p_holm"),
        text("note", "missing"),
    )
    return Section(
        "equal_compute",
        TITLE,
        SELF_KNOWLEDGE,
        tables=table("equal-compute", TITLE, NOTE, pooled_first(rows), columns, grey="ceiling"),
        data={"knowing": {"equal_compute": [asdict(row) for row in rows]}},
    )


def _samples(row: EqualCompute) -> Cell:
    """`2 or 4 (20 %)`: the two numbers of samples, and how often the larger."""
    if row.n_low is None or row.weight is None:
        return Cell(MISSING)
    if row.n_low == row.n_high or row.weight in (0, 1):
        n = row.n_high if row.weight == 1 else row.n_low
        return Cell(str(n), n)
    return Cell(f"{row.n_low} or {row.n_high} ({100 * row.weight:.0f} %)", row.n_low)
