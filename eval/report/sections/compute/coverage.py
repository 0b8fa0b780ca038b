"""How often a right answer is among the samples (pass@k), extrapolated, and the loss by selection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eval.analysis.analysis import Analysis
from eval.analysis.sampling.coverage import Coverage, Fit
from eval.report.plots.legend import Legend
from eval.report.plots.plot import UNIT_INTERVAL, Axis, Dot, Line, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import COVERAGE
from eval.report.tables import TASK, Table, by_task, estimate, number, pooled_first, table, text, whole

FITS = (
    "power: pass@k = exp(a k^b); beta-binomial: the chance of a right sample is "
    "drawn from Beta(α, β) for each problem; a single parameter: the binomial's rate, "
    "because problems differ no more than chance explains. Held-out error: fitted to fewer "
    "samples, predicted for all samples, minus what was observed there."
)
GAPS = (
    "Oracle gap: pass@k minus the accuracy of the answers chosen from the same k "
    "samples. Share: how much of the possible gain over one sample was reached."
)


def section(inputs: ReportInputs) -> Section:
    """The section on coverage."""
    return Section(
        "coverage",
        "How often is a right answer among the samples?",
        COVERAGE,
        tables=(*_fits(inputs.analysis), *_gaps(inputs.analysis, inputs.legend)),
        plots=tuple(plot for plot in _plots(inputs.analysis) if plot.lines),
    )


@dataclass(frozen=True, slots=True)
class _FittedCoverage:
    """One fit with the pool it is of."""

    task: str
    stage: str
    n: int
    fit: Fit


def _fits(analysis: Analysis) -> tuple[Table, ...]:
    rows = [_FittedCoverage(c.task, c.stage, c.n, fit) for c in analysis.coverage for fit in c.fits]
    return table(
        "fits",
        "Coverage fits",
        FITS,
        pooled_first(rows),
        [
            TASK,
            text("stage", "stage"),
            text("fit", lambda r: r.fit.kind.replace("_", "-")),
            text("parameters", lambda r: ", ".join(f"{p:.3g}" for p in r.fit.parameters)),
            whole("samples", "n"),
            number("fitted to k ≤", "fit.fitted_to", 0),
            number("predicted", "fit.predicted"),
            number("held-out error", "fit.held_out", sign=True),
        ],
    )


def _gaps(analysis: Analysis, legend: Legend) -> tuple[Table, ...]:
    return table(
        "gaps",
        "What is lost by choosing",
        GAPS,
        pooled_first(analysis.gaps),
        [
            TASK,
            text("method", lambda r: legend.curve(r.method).label),
            whole("samples", "n"),
            number("pass@k", "oracle"),
            number("selected", "selected"),
            number("one sample", "sample"),
            estimate("gap", "gap", "low", "high"),
            number("share won", "share", 2),
        ],
    )


def _plots(analysis: Analysis) -> Iterator[Plot]:
    for task, rows in by_task(analysis.coverage).items():
        yield Plot(
            "coverage",
            "Coverage: pass@k over samples",
            "Marks are exact estimates; dotted lines are fits, extrapolated beyond the number of samples.",
            task,
            Axis("k, samples per problem", log=True),
            UNIT_INTERVAL.named("pass@k"),
            tuple(line for i, row in enumerate(rows) for line in _lines(row, i)),
        )


def _lines(row: Coverage, hue: int) -> Iterator[Line]:
    """What was observed, and the fits."""
    yield Line(row.stage, tuple(Dot(k, v) for k, v in zip(row.ks, row.observed, strict=True)), hue, hue)
    for i, fit in enumerate(row.fits):
        dots = tuple(Dot(k, v) for k, v in zip(row.ks_drawn, fit.values, strict=True))
        yield Line(f"{row.stage}: {fit.kind.replace('_', '-')} fit", dots, (hue + 1 + i) % 8, hue, "fit")
