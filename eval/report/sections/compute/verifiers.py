"""How well scores separate right samples from wrong ones, and the cost of their mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.analysis.analysis import Analysis
from eval.analysis.sampling.false_positives import FalsePositives
from eval.analysis.sampling.verifiers import Verifier
from eval.report.plots.legend import Legend
from eval.report.plots.plot import UNIT_INTERVAL, Axis, Dot, Line, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import VERIFIERS
from eval.report.sections.compute.lines import by_method, line
from eval.report.tables import (
    TASK,
    Table,
    TableColumn,
    by_task,
    estimate,
    number,
    pooled_first,
    table,
    text,
    whole,
)


def section(inputs: ReportInputs) -> Section:
    """The section on verifiers."""
    analysis, legend = inputs.analysis, inputs.legend
    makers = (_roc, _false_positives, _over_optimisation)
    return Section(
        "verifiers",
        "How well do scores tell right samples from wrong ones?",
        VERIFIERS,
        tables=_tables(analysis, legend),
        plots=tuple(plot for maker in makers for plot in maker(analysis, legend) if plot.lines),
    )


def _tables(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    method = text("method", lambda r: legend.curve(r.method).label)
    who = (TASK, method, text("scorer", "scorer"))
    return (
        *_auroc(analysis, who),
        *_ceilings(analysis, who),
        *_kept(analysis, who),
        *_overoptimised(analysis, (TASK, method)),
    )


def _auroc(analysis: Analysis, who: Sequence[TableColumn]) -> tuple[Table, ...]:
    note = (
        "Within: mean over the problems that have both right and wrong samples. Pooled: "
        "over all samples, which also rewards a scorer that recognises easy problems. "
        "0.5 is chance."
    )
    columns = (
        *who,
        estimate("within", "within", "within_low", "within_high"),
        estimate("pooled", "pooled", "pooled_low", "pooled_high"),
        whole("mixed problems", "mixed"),
        whole("samples", "samples"),
    )
    return table("auroc", "Scorers: AUROC", note, pooled_first(analysis.verifiers), columns)


def _ceilings(analysis: Analysis, who: Sequence[TableColumn]) -> tuple[Table, ...]:
    note = (
        "Resampling until the verifier accepts cannot exceed this accuracy, however many samples are drawn."
    )
    columns = (
        *who,
        number("threshold", "threshold"),
        number("false positives", "false_positive"),
        number("true positives", "true_positive"),
        number("precision", "precision"),
        number("ceiling", "ceiling"),
    )
    rows = pooled_first(analysis.false_positives)
    return table("ceilings", "False-positive ceilings", note, rows, columns)


def _kept(analysis: Analysis, who: Sequence[TableColumn]) -> tuple[Table, ...]:
    note = "Accuracy of the samples that the scorer keeps, minus the accuracy of all samples."
    columns = (
        *who,
        number("kept", "kept", 2),
        number("all", "generation"),
        number("kept samples", "verified"),
        estimate("gap", "gap", "low", "high", sign=True),
        number("relative", "relative", 2),
    )
    rows = pooled_first(analysis.verification_gaps)
    return table("verification", "Generation-verification gap", note, rows, columns)


def _overoptimised(analysis: Analysis, who: Sequence[TableColumn]) -> tuple[Table, ...]:
    note = (
        "Accuracy at the peak minus accuracy at the most samples. It falls if the whole interval is above 0."
    )
    columns = (
        *who,
        whole("samples at the peak", "peak_n"),
        number("at the peak", "peak"),
        whole("most samples", "last_n"),
        number("there", "last"),
        estimate("drop", "drop", "low", "high"),
        text("falls", lambda r: "yes" if r.falls else "not shown"),
    )
    return table(
        "overoptimised", "Over-optimisation", note, pooled_first(analysis.over_optimisation), columns
    )


def _roc(analysis: Analysis, legend: Legend) -> Iterator[Plot]:
    note = (
        "A sample is accepted if its score is above a threshold; each point is one "
        "threshold, pooled over problems. The dotted diagonal is chance."
    )
    x, y = UNIT_INTERVAL.named("false positive rate"), UNIT_INTERVAL.named("true positive rate")
    for task, rows in by_task(analysis.verifiers).items():
        lines = [line(legend.curve(r.method), _rates(r)) for r in rows if r.pooled is not None]
        yield Plot("roc", "ROC of the scorers", note, task, x, y, tuple(lines), diagonal=True)


def _rates(row: Verifier) -> list[Dot]:
    dots = [Dot(p.false_positive, p.true_positive, note=f"threshold {p.threshold:.3g}") for p in row.roc]
    return sorted(dots, key=lambda d: (d.x, d.y))


def _false_positives(analysis: Analysis, legend: Legend) -> Iterator[Plot]:
    title = "Resampling until the verifier accepts"
    note = (
        "One threshold per scorer; the table has all. Dotted: the limit set by false "
        "positives, however many samples are drawn; grey: pass@k."
    )
    x, y = Axis("k, samples at most", log=True), UNIT_INTERVAL.named("accuracy")
    for task, rows in by_task(analysis.false_positives).items():
        drawn = [r for r in _middle(rows) if legend.curve(r.method).hue >= 0]
        lines = [accepted for r in drawn for accepted in _accepting(r, legend)]
        yield Plot("false_positives", title, note, task, x, y, (*lines, *_oracle(rows)))


def _middle(rows: Sequence[FalsePositives]) -> list[FalsePositives]:
    """Of every method the middle threshold."""
    return [sorted(r, key=lambda row: row.threshold)[len(r) // 2] for r in by_method(rows).values()]


def _accepting(row: FalsePositives, legend: Legend) -> Iterator[Line]:
    entry = legend.curve(row.method)
    label = f"{entry.label} at {row.threshold:.3g}"
    dots = tuple(Dot(k, v) for k, v in zip(row.ks, row.curve, strict=True))
    yield Line(label, dots, entry.hue, entry.marker, dash=entry.dash)
    if row.ks:
        ends = (Dot(row.ks[0], row.ceiling), Dot(row.ks[-1], row.ceiling))
        yield Line(f"{label}: ceiling", ends, entry.hue, entry.marker, "fit")


def _oracle(rows: Sequence[FalsePositives]) -> Iterator[Line]:
    if rows:
        dots = tuple(Dot(k, v) for k, v in zip(rows[0].ks, rows[0].oracle, strict=True))
        yield Line("pass@k (ceiling)", dots, -1, 0)


def _over_optimisation(analysis: Analysis, legend: Legend) -> Iterator[Plot]:
    note = (
        "Where a line falls at many samples, the scorer is over-optimised: with more samples "
        "it finds more that it wrongly scores high."
    )
    x, y = Axis("samples to choose from", log=True), Axis("accuracy (95 % CI)", low=0.0)
    shown = {(r.task, r.method) for r in analysis.over_optimisation}
    curves = [c for c in analysis.curves if (c.task, c.method) in shown and len(c.points) > 1]
    for task, rows in by_task(curves).items():
        lines = [
            line(
                legend.curve(c.method),
                (Dot(p.n, p.accuracy, p.low, p.high, p.origin) for p in sorted(c.points, key=lambda p: p.n)),
            )
            for c in rows
        ]
        yield Plot("over_optimisation", "Selection against samples", note, task, x, y, tuple(lines))
