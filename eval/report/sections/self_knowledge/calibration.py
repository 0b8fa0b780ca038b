"""Whether confidence separates right answers from wrong ones, and whether it is calibrated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from eval.analysis.self_knowledge.confidence.differences import SelectiveDifference
from eval.analysis.self_knowledge.confidence.selective_prediction import RISKS, STATED, Selective
from eval.analysis.self_knowledge.estimate import IntervalEstimate
from eval.report.plots.legend import Legend
from eval.report.plots.plot import UNIT_INTERVAL, Dot, Line, Plot
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
from eval.report.tables import Table, by_task, estimate, number, p_value, pooled_first, table, text, whole

CONFIDENCE_NOTE = (
    "Over the answers with a confidence; abstentions and failures are not answers. "
    "AUROC: chance that a right answer has the higher confidence. AURC: error rate "
    "averaged over coverages, lower is better; E-AURC: AURC minus that of the best "
    "ordering. PRR: 1 is the best ordering, 0 is chance. ECE: over 10 bins of equal "
    "size, next to what a calibrated model would get by chance; dashes where the "
    "confidence is not a probability."
)
DIFFERENCES_NOTE = (
    "Method minus the other, paired on the answers that both gave: bootstrap over "
    "problems (or clusters); 0 is outside of an interval just where p < 0.05. p-values with "
    "Holm's correction over the pairs of a task "
    "and metric. For AURC, a difference below 0 is better."
)
RELIABILITY_NOTE = (
    "Each mark is a bin; bins hold equally many answers (at most 10 bins, equal "
    "confidences together). On the diagonal, confidence equals accuracy; below it the "
    "model is overconfident. Bars: 95 % CI over problems."
)
RISK_NOTE = (
    "Error rate of the most confident answers, by the share of problems answered. The "
    "curve of a method that abstains, or that has no confidence, ends where its answers "
    "end. Bars: 95 % CI over problems."
)
SURFACE_NOTE = (
    "Every method at its compute, if only its most confident answers are kept: the "
    "colour shows the share of answers kept. Point at a mark to see the method."
)
METRICS = {"auroc": "AUROC", "aurc": "AURC", "prr": "PRR"}


def section(inputs: ReportInputs) -> Section:
    """The section on calibration and selective prediction."""
    rows, differences = inputs.self_knowledge.selective, inputs.self_knowledge.selective_differences
    legend, all_bands = inputs.legend, [r for r in rows if not r.band]
    plots = (*_reliability(all_bands, legend), *_risk(all_bands, legend), *_surface(all_bands, legend))
    return Section(
        "calibration",
        "Does the confidence tell right from wrong answers?",
        SELF_KNOWLEDGE,
        tables=(*_confidence(rows, legend), *_differences(differences, legend)),
        plots=with_dots(plots),
        data={
            "knowing": {
                "selective": [asdict(row) for row in rows],
                "selective_differences": [asdict(row) for row in differences],
            }
        },
    )


def _confidence(rows: Sequence[Selective], legend: Legend) -> tuple[Table, ...]:
    columns = (
        who(legend)[0],
        BAND,
        who(legend)[1],
        whole("answers", "answers"),
        whole("abstained", "abstained"),
        whole("no confidence", "without"),
        estimate("accuracy", "accuracy"),
        estimate("AUROC", "auroc"),
        estimate("AURC", "aurc"),
        estimate("E-AURC", "e_aurc"),
        estimate("PRR", "prr"),
        estimate("ECE", "ece"),
        number("ECE by chance", "ece_by_chance"),
        whole("bins", "bins"),
        estimate("Brier", "brier"),
        *(estimate(f"accuracy at coverage {c:g}", _kept(c)) for c in STATED[:-1]),
        *(estimate(f"coverage at risk {x:g}", _at_risk(i)) for i, x in enumerate(RISKS)),
        *COSTS,
    )
    title = "Does the confidence tell right from wrong answers?"
    return table("confidence", title, CONFIDENCE_NOTE, pooled_first(rows), columns, grey="ceiling")


def _kept(coverage: float) -> Callable[[Selective], IntervalEstimate]:
    return lambda r: next(k.accuracy for k in r.curve if abs(k.coverage - coverage) < 1e-9)


def _at_risk(number: int) -> Callable[[Selective], IntervalEstimate]:
    return lambda r: r.coverage_at[number]


def _differences(rows: Sequence[SelectiveDifference], legend: Legend) -> tuple[Table, ...]:
    task, method = who(legend)
    columns = (
        task,
        text("metric", lambda r: METRICS[r.metric]),
        method,
        text("against", lambda r: legend.answers(r.stage, r.reference).label),
        whole("answers", "answers"),
        estimate("difference", "difference", "low", "high", sign=True),
        p_value("adjusted p", "p_holm"),
    )
    title = "Which confidence is better?"
    return table("confidence-differences", title, DIFFERENCES_NOTE, pooled_first(rows), columns)


def _reliability(rows: Sequence[Selective], legend: Legend) -> Iterator[Plot]:
    x, y = UNIT_INTERVAL.named("mean confidence"), UNIT_INTERVAL.named("accuracy")
    for task, mine in by_task(r for r in rows if r.reliability).items():
        lines = []
        for r in mine:
            dots = [d for b in r.reliability for d in dot(b.confidence, b.accuracy, f"{b.answers} answers")]
            lines.append(line(legend, r, dots))
        yield Plot("reliability", "Reliability", RELIABILITY_NOTE, task, x, y, tuple(lines), diagonal=True)


def _risk(rows: Sequence[Selective], legend: Legend) -> Iterator[Plot]:
    x, y = UNIT_INTERVAL.named("coverage"), UNIT_INTERVAL.named("risk: error rate")
    for task, mine in by_task(rows).items():
        lines = tuple(line(legend, r, _risks(r)) for r in mine)
        yield Plot("risk-coverage", "Risk and coverage", RISK_NOTE, task, x, y, lines)


def _risks(row: Selective) -> list[Dot]:
    """Error rate by share of all problems answered."""
    return [
        Dot(k.coverage * row.answers / row.problems, 1 - k.accuracy.value, *_flipped(k.accuracy))
        for k in row.curve
        if k.accuracy.value is not None
    ]


def _flipped(e: IntervalEstimate) -> tuple[float | None, float | None]:
    """The interval of 1 - e."""
    return (None if e.high is None else 1 - e.high), (None if e.low is None else 1 - e.low)


def _surface(rows: Sequence[Selective], legend: Legend) -> Iterator[Plot]:
    title, y = "Accuracy, coverage and compute", UNIT_INTERVAL.named("accuracy of the kept answers")
    for task, mine in by_task(rows).items():
        lines, x = [], compute_axis(mine)
        for i, coverage in enumerate(STATED):
            dots = [
                d
                for r in mine
                for k in r.curve
                if abs(k.coverage - coverage) < 1e-9
                for d in dot(spent(r, x), k.accuracy, legend.answers(r.stage, r.strategy).label)
            ]
            lines.append(Line(f"coverage {coverage:g}", tuple(dots), i, i, "dots"))
        yield Plot("accuracy-coverage-compute", title, SURFACE_NOTE, task, x, y, tuple(lines))
