"""Whether answers vary more when more tokens are spent on reasoning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.analysis.analysis import Analysis
from eval.analysis.sampling.unpredictability import Unpredictability
from eval.report.plots.legend import Legend
from eval.report.plots.plot import Axis, Dot, Line, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import UNPREDICTABILITY
from eval.report.tables import TASK, Table, by_task, estimate, number, pooled_first, table, text, whole

NOTE = (
    "Spearman correlation over problems between mean tokens and the entropy of the "
    "answers; the last one controls for difficulty. If the whole interval is above "
    "0, answers vary more."
)
CORRELATIONS = {
    "entropy": "entropy",
    "disagreement": "pairwise disagreement",
    "partial": "entropy, controlling for difficulty",
}


def section(inputs: ReportInputs) -> Section:
    """The section on unpredictability."""
    return Section(
        "unpredictability",
        "Do answers vary more with more reasoning?",
        UNPREDICTABILITY,
        tables=_table(inputs.analysis, inputs.legend),
        plots=tuple(_plots(inputs.analysis, inputs.legend)),
    )


def _table(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    return table(
        "unpredictable",
        "Answers against tokens spent",
        "Means over problems, and Spearman correlations over problems with the tokens spent.",
        pooled_first(analysis.unpredictability),
        [
            TASK,
            text("method", lambda r: legend.curve(r.method).label),
            whole("problems", "problems"),
            number("tokens", "tokens", 1),
            number("entropy, nats", "entropy"),
            number("disagreement", "disagreement"),
            estimate("ρ, entropy", "entropy_rho", "entropy_low", "entropy_high", sign=True),
            estimate(
                "ρ, disagreement", "disagreement_rho", "disagreement_low", "disagreement_high", sign=True
            ),
            estimate(
                "ρ, controlling for difficulty", "partial_rho", "partial_low", "partial_high", sign=True
            ),
        ],
    )


def _plots(analysis: Analysis, legend: Legend) -> Iterator[Plot]:
    for task, rows in by_task(analysis.unpredictability).items():
        yield Plot(
            "unpredictability",
            "Do answers vary more with more reasoning?",
            NOTE,
            task,
            Axis("method", ticks=tuple(legend.curve(r.method).label for r in rows)),
            Axis("Spearman correlation (95 % CI)", low=-1.0, high=1.0),
            tuple(
                Line(label, tuple(_dots(rows, name)), i, i, "dots")
                for i, (name, label) in enumerate(CORRELATIONS.items())
            ),
        )


def _dots(rows: Sequence[Unpredictability], name: str) -> Iterator[Dot]:
    """One correlation of every method that has it."""
    for i, row in enumerate(rows):
        value, low, high = (getattr(row, f"{name}_{part}") for part in ("rho", "low", "high"))
        if value is not None:
            yield Dot(i, value, low, high, f"{row.problems} problems")
