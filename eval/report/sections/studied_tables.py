"""The analysis as tables: Pareto front, ratios of compute, areas, gaps, verifiers, fits, power, amortisation.

A table is a list of columns; a column is a head and what it shows of one row. Nothing is estimated here, and
an open or missing end of an interval is said, not filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.shape import Analysis, Curve, Ratio
from eval.report.numbers import MISSING, decimal, probability, quantity
from eval.report.sections.studied_plots import Names, by_task
from eval.report.tables import Cell, Row, Table, spread

Show = Callable[[Any], Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """`show` makes the cell of a row; `words`: left-aligned text."""

    head: str
    show: Show
    words: bool = False


def tables_of(analysis: Analysis, name: Names) -> list[Table]:
    """Every table the analysis has rows for, in the order of the page."""
    specs = [*_efficiency(analysis, name), *_coverage(analysis, name), *_verifiers(analysis, name)]
    specs += [*_uncertainty(analysis, name), *_planning(analysis, name)]
    return [_table(*spec) for spec in specs if spec[4]]


Spec = tuple[str, str, str, str, Sequence[Any], Sequence[Column]]


def _table(
    id: str, section: str, title: str, note: str, rows: Sequence[Any], columns: Sequence[Column]
) -> Table:
    ordered = [row for group in by_task(rows).values() for row in group]
    full = (Column("task", lambda r: Cell(r.task), True), *columns)
    return Table(
        id,
        section,
        title,
        note,
        tuple(c.head for c in full),
        frozenset(c.head for c in full if not c.words),
        tuple(Row(row.task, tuple(c.show(row) for c in full)) for row in ordered),
    )


def _word(head: str, read: Callable[[Any], str]) -> Column:
    return Column(head, lambda r: Cell(read(r)), True)


def _number(head: str, field: str, digits: int = 3) -> Column:
    def show(row: Any) -> Cell:
        value = getattr(row, field)
        return Cell(decimal(value, digits), value)

    return Column(head, show)


def _whole(head: str, field: str) -> Column:
    def show(row: Any) -> Cell:
        value = getattr(row, field)
        return Cell(MISSING if value is None else f"{value:,}", value)

    return Column(head, show)


def _spread(head: str, field: str, low: str = "low", high: str = "high", *, sign: bool = False) -> Column:
    def show(row: Any) -> Cell:
        value, left, right = (getattr(row, name) for name in (field, low, high))
        return spread(value, left, right, sign=sign)

    return Column(f"{head} [95 % CI]", show)


def _cost(head: str, field: str, unit: str) -> Column:
    def show(row: Any) -> Cell:
        value = getattr(row, field)
        return Cell(quantity(value, unit), value)

    return Column(head, show)


def times(row: Ratio) -> Cell:
    """`4.1 [2.0, 9.3]`; an end the data leaves open is 0 or ∞; a bound says so."""
    if row.ratio is None:
        who = "never reached" if row.cost is None else "the other never reaches it"
        return Cell(who)
    mark = "≥ " if row.at_most and not row.reference_at_most else ""
    mark = "≤ " if row.reference_at_most and not row.at_most else mark
    low = "0" if row.low is None else quantity(row.low)
    high = "∞" if row.high is None else quantity(row.high)
    return Cell(f"{mark}{quantity(row.ratio)} [{low}, {high}]", row.ratio)


def _efficiency(analysis: Analysis, name: Names) -> list[Spec]:
    unit = (
        "FLOPs" if "flops" in analysis.cost else {"seconds": "s", "tokens": "tokens"}.get(analysis.cost, "")
    )
    method = _word("method", lambda r: name(r.method).label)
    against = _word("against", lambda r: name(r.reference).label)
    return [
        (
            "pareto",
            "efficiency",
            "Pareto front",
            "Points that no other point beats in both cost and accuracy. Ceilings are left out.",
            analysis.front,
            [
                method,
                _whole("samples", "n"),
                _cost("cost per problem", "cost", unit),
                _number("accuracy", "accuracy"),
            ],
        ),
        (
            "ratios",
            "efficiency",
            "How many times less compute",
            (
                "The method reaches the accuracy with this many times less compute than the "
                "other (below 1: it needs more). Paired bootstrap over problems; an interval "
                "without an upper limit means that the data do not exclude that the method never "
                "reaches it. ≥ and ≤: the curve starts above the accuracy, so the ratio is a "
                "bound."
            ),
            sorted(analysis.ratios, key=lambda r: (r.ratio is None, -(r.ratio or 0.0))),
            [
                method,
                against,
                _number("accuracy reached", "accuracy"),
                _cost("its cost", "cost", unit),
                _cost("the other’s", "reference_cost", unit),
                Column("times less [95 % CI]", times),
                _number("not reached in", "not_reached", 2),
            ],
        ),
        *_areas(analysis, name),
    ]


def _areas(analysis: Analysis, name: Names) -> list[Spec]:
    method = _word("method", lambda r: name(r.method).label)
    differences = {(d.task, d.method): d for d in analysis.area_differences}

    def difference(row: Curve) -> Cell:
        d = differences.get((row.task, row.method))
        return Cell(MISSING) if d is None else spread(d.difference, d.low, d.high, sign=True)

    def versus(row: Curve) -> Cell:
        d = differences.get((row.task, row.method))
        return Cell(MISSING if d is None else name(d.reference).label)

    return [
        (
            "areas",
            "efficiency",
            "Area under accuracy over log compute",
            "Mean height of the curve over the range of compute that all curves share.",
            [c for c in analysis.curves if c.area is not None],
            [
                method,
                _spread("area", "area", "area_low", "area_high"),
                Column("difference [95 % CI]", difference),
                Column("against", versus, True),
                _whole("problems", "problems"),
            ],
        ),
    ]


def _coverage(analysis: Analysis, name: Names) -> list[Spec]:
    fits = [_Fitted(c.task, c.stage, c.n, c.problems, f) for c in analysis.coverage for f in c.fits]
    method = _word("method", lambda r: name(r.method).label)
    return [
        (
            "fits",
            "coverage",
            "Coverage fits",
            (
                "power: pass@k = exp(a k^b); beta-binomial: the chance of a right sample is "
                "drawn from Beta(α, β) for each problem; a single parameter: the binomial's rate, "
                "because problems differ no more than chance explains. Held-out error: fitted to fewer "
                "samples, predicted for all samples, minus what was observed there."
            ),
            fits,
            [
                _word("stage", lambda r: r.stage),
                _word("fit", lambda r: r.fit.kind.replace("_", "-")),
                _word("parameters", lambda r: ", ".join(f"{p:.3g}" for p in r.fit.parameters)),
                _whole("samples", "n"),
                Column("fitted to k ≤", lambda r: Cell(str(r.fit.fitted_to), r.fit.fitted_to)),
                Column("predicted", lambda r: Cell(decimal(r.fit.predicted), r.fit.predicted)),
                Column("held-out error", lambda r: Cell(decimal(r.fit.held_out, sign=True), r.fit.held_out)),
            ],
        ),
        (
            "gaps",
            "coverage",
            "What is lost by choosing",
            (
                "Oracle gap: pass@k minus the accuracy of the answers chosen from the same k "
                "samples. Share: how much of the possible gain over one sample was reached."
            ),
            analysis.gaps,
            [
                method,
                _whole("samples", "n"),
                _number("pass@k", "oracle"),
                _number("selected", "selected"),
                _number("one sample", "sample"),
                _spread("gap", "gap"),
                _number("share won", "share", 2),
            ],
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Fitted:
    task: str
    stage: str
    n: int
    problems: int
    fit: Any


def _verifiers(analysis: Analysis, name: Names) -> list[Spec]:
    method = _word("method", lambda r: name(r.method).label)
    scorer = _word("scorer", lambda r: r.scorer)
    return [
        (
            "auroc",
            "verifiers",
            "Scorers: AUROC",
            (
                "Within: mean over the problems that have both right and wrong samples. Pooled: "
                "over all samples, which also rewards a scorer that recognises easy problems. "
                "0.5 is chance."
            ),
            analysis.verifiers,
            [
                method,
                scorer,
                _spread("within", "within", "within_low", "within_high"),
                _spread("pooled", "pooled", "pooled_low", "pooled_high"),
                _whole("mixed problems", "mixed"),
                _whole("samples", "samples"),
            ],
        ),
        (
            "ceilings",
            "verifiers",
            "False-positive ceilings",
            (
                "Resampling until the verifier accepts cannot exceed this accuracy, however many "
                "samples are drawn."
            ),
            analysis.false_positives,
            [
                method,
                scorer,
                _number("threshold", "threshold"),
                _number("false positives", "false_positive"),
                _number("true positives", "true_positive"),
                _number("precision", "precision"),
                _number("ceiling", "ceiling"),
            ],
        ),
        *_kept_by_scorers(analysis, name),
    ]


def _kept_by_scorers(analysis: Analysis, name: Names) -> list[Spec]:
    method = _word("method", lambda r: name(r.method).label)
    scorer = _word("scorer", lambda r: r.scorer)
    return [
        (
            "verification",
            "verifiers",
            "Generation-verification gap",
            "Accuracy of the samples that the scorer keeps, minus the accuracy of all samples.",
            analysis.verification_gaps,
            [
                method,
                scorer,
                _number("kept", "kept", 2),
                _number("all", "generation"),
                _number("kept samples", "verified"),
                _spread("gap", "gap", sign=True),
                _number("relative", "relative", 2),
            ],
        ),
        (
            "overoptimised",
            "verifiers",
            "Over-optimisation",
            (
                "Accuracy at the peak minus accuracy at the most samples. It falls if the whole "
                "interval is above 0."
            ),
            analysis.over_optimisation,
            [
                method,
                _whole("samples at the peak", "peak_n"),
                _number("at the peak", "peak"),
                _whole("most samples", "last_n"),
                _number("there", "last"),
                _spread("drop", "drop"),
                _word("falls", lambda r: "yes" if r.falls else "not shown"),
            ],
        ),
    ]


def _uncertainty(analysis: Analysis, name: Names) -> list[Spec]:
    return [
        (
            "unpredictable",
            "uncertainty",
            "Answers against tokens spent",
            "Means over problems, and Spearman correlations over problems with the tokens spent.",
            analysis.unpredictability,
            [
                _word("method", lambda r: name(r.method).label),
                _whole("problems", "problems"),
                _number("tokens", "tokens", 1),
                _number("entropy, nats", "entropy"),
                _number("disagreement", "disagreement"),
                _spread("ρ, entropy", "entropy_rho", "entropy_low", "entropy_high", sign=True),
                _spread(
                    "ρ, disagreement", "disagreement_rho", "disagreement_low", "disagreement_high", sign=True
                ),
                _spread(
                    "ρ, controlling for difficulty", "partial_rho", "partial_low", "partial_high", sign=True
                ),
            ],
        )
    ]


def _planning(analysis: Analysis, name: Names) -> list[Spec]:
    method = _word("method", lambda r: name(r.method).label)
    against = _word("against", lambda r: name(r.reference).label)
    return [
        (
            "powered",
            "planning",
            "Differences and power",
            (
                "At each method's most samples, paired; p-values with Holm's correction. "
                "Detectable: the smallest difference that these problems show with 80 % power; "
                "needed: problems needed to show the observed one."
            ),
            analysis.compared,
            [
                method,
                against,
                _spread("difference", "difference", sign=True),
                Column("adjusted p", lambda r: Cell(probability(r.p_holm), r.p_holm)),
                _whole("problems", "problems"),
                _number("detectable", "detectable"),
                _whole("needed", "needed"),
            ],
        ),
        (
            "breakeven",
            "planning",
            "When training pays off",
            (
                "Number of queries after which the tuned model is cheaper than the untrained one "
                "with more samples, at the same accuracy."
            ),
            analysis.amortised,
            [
                method,
                against,
                _number("accuracy", "accuracy"),
                _cost("fixed", "fixed", "FLOPs"),
                _cost("tuned, per query", "tuned_cost", "FLOPs"),
                _cost("base, per query", "base_cost", "FLOPs"),
                _whole("break-even", "break_even"),
            ],
        ),
    ]
