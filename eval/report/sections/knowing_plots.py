"""Confidence, abstention and correction as plots; every number is one of the rows of eval/analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isnan
from typing import Any

from eval.analysis.inputs.answered import STATES
from eval.analysis.self_knowledge.confidence import STATED, Selective
from eval.analysis.self_knowledge.estimate import IntervalEstimate
from eval.analysis.self_knowledge.knowing import Knowing
from eval.report.plots.plot import Axis, Dot, Line, Plot
from eval.report.sections.studied_plots import Name, by_task

SECTION = "knowing"
Names = Callable[[str, str], Name]
FLOPS = Axis("FLOPs per problem (shared prefixes once)", log=True, unit="FLOPs")
TOKENS = Axis("tokens per problem, prompt and generated", log=True, unit="tokens")
"""What stands for compute where the FLOPs of a model are not known."""
SHARE = (0.0, 1.0)


def plots_of(found: Knowing, name: Names) -> list[Plot]:
    """Every plot that there are rows for, family by family."""
    makers = (_reliability, _risk, _surface, _hallucination, _flow, _rounds)
    return [plot for maker in makers for plot in maker(found, name) if any(line.dots for line in plot.lines)]


def _dot(x: float, e: IntervalEstimate, note: str = "") -> list[Dot]:
    return [] if e.value is None else [Dot(x, e.value, e.low, e.high, note)]


def _line(name: Name, dots: Sequence[Dot], style: str = "line") -> Line:
    return Line(name.label, tuple(dots), name.hue, name.marker, style, name.dash)  # type: ignore[arg-type]


def _whole(rows: Sequence[Selective]) -> list[Selective]:
    return [r for r in rows if not r.band]


def _reliability(found: Knowing, name: Names) -> Iterator[Plot]:
    rows = [r for r in _whole(found.selective) if r.reliability]
    note = (
        "Each mark is a bin; bins hold equally many answers (at most 10 bins, equal "
        "confidences together). On the diagonal, confidence equals accuracy; below it the "
        "model is overconfident. Bars: 95 % CI over problems."
    )
    for task, mine in by_task(rows).items():
        lines = [
            _line(
                name(r.stage, r.strategy),
                [d for b in r.reliability for d in _dot(b.confidence, b.accuracy, f"{b.answers} answers")],
            )
            for r in mine
        ]
        x, y = (Axis(label, low=0.0, high=1.0) for label in ("mean confidence", "accuracy"))
        yield Plot("reliability", SECTION, "Reliability", note, task, x, y, tuple(lines), diagonal=True)


def _risk(found: Knowing, name: Names) -> Iterator[Plot]:
    note = (
        "Error rate of the most confident answers, by the share of problems answered. The "
        "curve of a method that abstains, or that has no confidence, ends where its answers "
        "end. Bars: 95 % CI over problems."
    )
    for task, mine in by_task(_whole(found.selective)).items():
        lines = [
            _line(
                name(r.stage, r.strategy),
                [
                    Dot(k.coverage * r.answers / r.problems, 1 - k.accuracy.value, *_flipped(k.accuracy))
                    for k in r.curve
                    if k.accuracy.value is not None
                ],
            )
            for r in mine
        ]
        x, y = Axis("coverage", low=0.0, high=1.0), Axis("risk: error rate", low=0.0, high=1.0)
        yield Plot("risk-coverage", SECTION, "Risk and coverage", note, task, x, y, tuple(lines))


def _flipped(e: IntervalEstimate) -> tuple[float | None, float | None]:
    """The interval of 1 - e."""
    return (None if e.high is None else 1 - e.high), (None if e.low is None else 1 - e.low)


def _surface(found: Knowing, name: Names) -> Iterator[Plot]:
    note = (
        "Every method at its compute, if only its most confident answers are kept: the "
        "colour shows the share of answers kept. Point at a mark to see the method."
    )
    for task, mine in by_task(_whole(found.selective)).items():
        lines, x = [], _compute(mine)
        for number, coverage in enumerate(STATED):
            dots = [
                d
                for r in mine
                for k in r.curve
                if abs(k.coverage - coverage) < 1e-9
                for d in _dot(_paid(r, x), k.accuracy, name(r.stage, r.strategy).label)
            ]
            lines.append(Line(f"coverage {coverage:g}", tuple(dots), number, number, "dots"))
        y = Axis("accuracy of the kept answers", low=0.0, high=1.0)
        title = "Accuracy, coverage and compute"
        yield Plot("accuracy-coverage-compute", SECTION, title, note, task, x, y, tuple(lines))


def _compute(rows: Sequence[Any]) -> Axis:
    """FLOPs, unless those of some row are not known."""
    return TOKENS if any(isnan(r.flops) for r in rows) else FLOPS


def _paid(row: Any, x: Axis) -> float:
    return float(row.tokens if x is TOKENS else row.flops)


def _hallucination(found: Knowing, name: Names) -> Iterator[Plot]:
    note = (
        "Hallucination rate: share of all problems with a wrong answer, or with any answer "
        "where there is none. Bars: 95 % CI over problems."
    )
    for task, mine in by_task([r for r in found.hallucinations if not r.band]).items():
        x = _compute(mine)
        lines = [
            _line(
                name(r.stage, r.strategy),
                _dot(_paid(r, x), r.hallucination, f"abstains from {100 * (r.abstention.value or 0):.0f} %"),
                "dots",
            )
            for r in mine
        ]
        y = Axis("hallucination rate", low=0.0, high=1.0)
        title = "Hallucination and compute"
        yield Plot("hallucination-compute", SECTION, title, note, task, x, y, tuple(lines))


def _flow(found: Knowing, name: Names) -> Iterator[Plot]:
    note = (
        "Share of all problems by what happened to the first answer; first answers that "
        "abstain are in the table. Corrected: wrong → right, corrupted: right → wrong."
    )
    for task, mine in by_task(found.corrections).items():
        lines = []
        for number, (label, before, after) in enumerate(FLOWS):
            i, j = STATES.index(before), STATES.index(after)
            dots = [
                Dot(float(place), r.flow[i][j] / r.problems, note=f"{r.flow[i][j]} of {r.problems}")
                for place, r in enumerate(mine)
            ]
            lines.append(Line(label, tuple(dots), number, number, "bar"))
        x = Axis("method", ticks=tuple(name(r.stage, r.strategy).label for r in mine))
        y = Axis("share of all problems", low=0.0, high=1.0)
        title = "What happened to right and wrong first answers"
        yield Plot("correction-flow", SECTION, title, note, task, x, y, tuple(lines))


FLOWS = (
    ("stays right", "right", "right"),
    ("corrupted", "right", "wrong"),
    ("corrected", "wrong", "right"),
    ("stays wrong", "wrong", "wrong"),
    ("right, then withheld", "right", "abstained"),
    ("wrong, then withheld", "wrong", "abstained"),
)


def _rounds(found: Knowing, name: Names) -> Iterator[Plot]:
    note = (
        "After the first answer (1) and after each further one; where a method has "
        "stopped, its last answer counts."
    )
    for task, mine in by_task(found.corrections).items():
        lines = [
            _line(
                name(r.stage, r.strategy),
                [
                    d
                    for t in r.rounds
                    for d in _dot(float(t.round), t.accuracy, f"{100 * t.written:.0f} % have this answer")
                ],
            )
            for r in mine
        ]
        x, y = Axis("number of whole answers written (t)", whole=True), Axis("accuracy", low=0.0, high=1.0)
        yield Plot("correction-rounds", SECTION, "Accuracy after each answer", note, task, x, y, tuple(lines))
