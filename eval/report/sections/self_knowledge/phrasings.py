"""Whether answer and confidence depend on how a question is phrased."""

from __future__ import annotations

from dataclasses import asdict

from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import SELF_KNOWLEDGE
from eval.report.sections.self_knowledge.lines import who
from eval.report.tables import estimate, pooled_first, table, whole

TITLE = "Do answer and confidence depend on the phrasing?"
NOTE = (
    "Facts that are asked in several ways. Same: two phrasings get the same canonical "
    "answer. ICC: the share of the variance of the confidence that lies between facts. "
    "Intervals are over facts."
)


def section(inputs: ReportInputs) -> Section:
    """The section on phrasings: one table."""
    rows = inputs.self_knowledge.phrasings
    columns = (
        *who(inputs.legend),
        whole("facts", "facts"),
        whole("problems", "problems"),
        estimate("same answer", "same"),
        estimate("all the same", "all_same"),
        estimate("confidence: ICC", "icc"),
        estimate("sd within a fact", "within"),
        estimate("sd between facts", "between"),
    )
    return Section(
        "phrasings",
        TITLE,
        SELF_KNOWLEDGE,
        tables=table("phrasings", TITLE, NOTE, pooled_first(rows), columns, grey="ceiling"),
        data={"knowing": {"phrasings": [asdict(row) for row in rows]}},
    )
