"""The analysis as plots: coverage and its fits, verifiers, over-optimisation, difficulty, unpredictability,
power and amortisation.

Nothing is estimated here: every number is one of the rows of eval/analysis. `Names` says what a method's id
looks like in the page: its label with the stage where there are several, its hue and its marker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from eval.analysis.shape import Analysis, Coverage, FalsePositives, Verifier
from eval.report.numbers import counted
from eval.report.plots.plot import Axis, Dot, Line, Plot

UNIT = Axis("", low=0.0, high=1.0)
T = TypeVar("T", bound=Any)


@dataclass(frozen=True, slots=True)
class Name:
    """How a method is called and drawn."""

    label: str
    hue: int
    marker: int
    dash: tuple[int, ...] = ()


Names = Callable[[str], Name]


def plots_of(analysis: Analysis, name: Names) -> list[Plot]:
    """Every plot the analysis has rows for, family by family."""
    makers = (
        _coverage,
        _difficulty,
        _roc,
        _false_positives,
        _over_optimisation,
        _unpredictability,
        _power,
        _amortised,
    )
    return [plot for maker in makers for plot in maker(analysis, name) if plot.lines]


def by_task(rows: Iterable[T]) -> dict[str, list[T]]:
    """Rows by task, the pooled task first."""
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(row.task, []).append(row)
    return dict(sorted(groups.items(), key=lambda item: item[0] != "all"))


def _line(name: Name, dots: Iterable[Dot], **style: Any) -> Line:
    return Line(name.label, tuple(dots), name.hue, name.marker, dash=name.dash, **style)


def _coverage(analysis: Analysis, name: Names) -> Iterator[Plot]:
    for task, rows in by_task(analysis.coverage).items():
        lines = [line for i, row in enumerate(rows) for line in _pool(row, i)]
        yield Plot(
            "coverage",
            "coverage",
            "Coverage: pass@k over samples",
            "Marks are exact estimates; dotted lines are fits, extrapolated beyond the number of samples.",
            task,
            Axis("k, samples per problem", log=True),
            replace(UNIT, label="pass@k"),
            tuple(lines),
        )


def _pool(row: Coverage, hue: int) -> Iterator[Line]:
    yield Line(row.stage, tuple(Dot(k, v) for k, v in zip(row.ks, row.observed, strict=True)), hue, hue)
    for i, fit in enumerate(row.fits):
        dots = tuple(Dot(k, v) for k, v in zip(row.ks_drawn, fit.values, strict=True))
        yield Line(f"{row.stage}: {fit.kind.replace('_', '-')} fit", dots, (hue + 1 + i) % 8, hue, "fit")


def _difficulty(analysis: Analysis, name: Names) -> Iterator[Plot]:
    for task, rows in by_task(analysis.difficulty).items():
        bins = sorted({(r.bin, r.pass_1_low, r.pass_1_high) for r in rows})
        at = {b[0]: i for i, b in enumerate(bins)}
        lines = [
            _line(
                name(method),
                (Dot(at[r.bin], r.accuracy, r.low, r.high, f"{r.problems} problems") for r in mine),
            )
            for method, mine in _by(rows, "method").items()
        ]
        ticks = tuple(f"{b[0]}: {b[1]:.2f}–{b[2]:.2f}" for b in bins)
        yield Plot(
            "difficulty",
            "coverage",
            "Accuracy by difficulty",
            (
                "Bins are quantiles of pass@1 of the first stage's pool. They use the gold, so "
                "they only describe the results."
            ),
            task,
            Axis("difficulty bin: pass@1, easiest first", ticks=ticks),
            replace(UNIT, label="accuracy (95 % CI)"),
            tuple(lines),
        )


def _roc(analysis: Analysis, name: Names) -> Iterator[Plot]:
    for task, rows in by_task(analysis.verifiers).items():
        lines = [_line(name(r.method), _rates(r)) for r in rows if r.pooled is not None]
        yield Plot(
            "roc",
            "verifiers",
            "ROC of the scorers",
            (
                "A sample is accepted if its score is above a threshold; each point is one "
                "threshold, pooled over problems. The dotted diagonal is chance."
            ),
            task,
            replace(UNIT, label="false positive rate"),
            replace(UNIT, label="true positive rate"),
            tuple(lines),
            diagonal=True,
        )


def _rates(row: Verifier) -> list[Dot]:
    dots = [Dot(p.false_positive, p.true_positive, note=f"threshold {p.threshold:.3g}") for p in row.roc]
    return sorted(dots, key=lambda d: (d.x, d.y))


def _false_positives(analysis: Analysis, name: Names) -> Iterator[Plot]:
    for task, rows in by_task(analysis.false_positives).items():
        lines = [line for r in _middle(rows) if name(r.method).hue >= 0 for line in _accepting(r, name)]
        yield Plot(
            "false_positives",
            "verifiers",
            "Resampling until the verifier accepts",
            (
                "One threshold per scorer; the table has all. Dotted: the limit set by false "
                "positives, however many samples are drawn; grey: pass@k."
            ),
            task,
            Axis("k, samples at most", log=True),
            replace(UNIT, label="accuracy"),
            (*lines, *_oracle(rows)),
        )


def _middle(rows: Sequence[FalsePositives]) -> list[FalsePositives]:
    """Of every method the middle threshold."""
    return [sorted(r, key=lambda row: row.threshold)[len(r) // 2] for r in _by(rows, "method").values()]


def _accepting(row: FalsePositives, name: Names) -> Iterator[Line]:
    looks = name(row.method)
    label = f"{looks.label} at {row.threshold:.3g}"
    yield Line(
        label,
        tuple(Dot(k, v) for k, v in zip(row.ks, row.curve, strict=True)),
        looks.hue,
        looks.marker,
        dash=looks.dash,
    )
    if row.ks:
        ends = (Dot(row.ks[0], row.ceiling), Dot(row.ks[-1], row.ceiling))
        yield Line(f"{label}: ceiling", ends, looks.hue, looks.marker, "fit")


def _oracle(rows: Sequence[FalsePositives]) -> Iterator[Line]:
    if rows:
        dots = tuple(Dot(k, v) for k, v in zip(rows[0].ks, rows[0].oracle, strict=True))
        yield Line("pass@k (ceiling)", dots, -1, 0)


def _over_optimisation(analysis: Analysis, name: Names) -> Iterator[Plot]:
    judged = {(r.task, r.method): r for r in analysis.over_optimisation}
    curves = [c for c in analysis.curves if (c.task, c.method) in judged and len(c.points) > 1]
    for task, rows in by_task(curves).items():
        lines = [
            _line(
                name(c.method),
                (Dot(p.n, p.accuracy, p.low, p.high, p.origin) for p in sorted(c.points, key=lambda p: p.n)),
            )
            for c in rows
        ]
        yield Plot(
            "over_optimisation",
            "verifiers",
            "Selection against samples",
            (
                "Where a line falls at many samples, the scorer is over-optimised: with more samples "
                "it finds more that it wrongly scores high."
            ),
            task,
            Axis("samples to choose from", log=True),
            Axis("accuracy (95 % CI)", low=0.0),
            tuple(lines),
        )


def _unpredictability(analysis: Analysis, name: Names) -> Iterator[Plot]:
    for task, rows in by_task(analysis.unpredictability).items():
        names = tuple(name(r.method).label for r in rows)
        yield Plot(
            "unpredictability",
            "uncertainty",
            "Do answers vary more with more reasoning?",
            (
                "Spearman correlation over problems between mean tokens and the entropy of the "
                "answers; the last one controls for difficulty. If the whole interval is above "
                "0, answers vary more."
            ),
            task,
            Axis("method", ticks=names),
            Axis("Spearman correlation (95 % CI)", low=-1.0, high=1.0),
            tuple(
                Line(
                    label,
                    tuple(
                        Dot(i, value, low, high, f"{r.problems} problems")
                        for i, r in enumerate(rows)
                        if (value := getattr(r, f"{key}_rho")) is not None
                        for low, high in [(getattr(r, f"{key}_low"), getattr(r, f"{key}_high"))]
                    ),
                    i,
                    i,
                    "dots",
                )
                for i, (key, label) in enumerate(
                    (
                        ("entropy", "entropy"),
                        ("disagreement", "pairwise disagreement"),
                        ("partial", "entropy, controlling for difficulty"),
                    )
                )
            ),
        )


def _power(analysis: Analysis, name: Names) -> Iterator[Plot]:
    for task, rows in by_task(analysis.compared).items():
        lines = [
            _line(
                replace(name(r.method), label=f"{name(r.method).label} − {name(r.reference).label}"),
                [Dot(d, ((1.959964 + 0.841621) * r.sd / d) ** 2, note="80 % power") for d in DIFFERENCES],
            )
            for r in rows
            if r.sd > 0
        ]
        yield Plot(
            "power",
            "planning",
            "Problems needed to show a difference",
            (
                "Against the reference, paired, two-sided at 5 % with 80 % power, from the "
                "variance measured here."
            ),
            task,
            Axis("difference in accuracy", log=True),
            Axis("problems", log=True),
            tuple(lines),
        )


DIFFERENCES = (0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)


def _amortised(analysis: Analysis, name: Names) -> Iterator[Plot]:
    for task, rows in by_task(analysis.amortised).items():
        lines = []
        for r in rows:
            looks, base = name(r.method), name(r.reference)
            lines.append(Line(f"{looks.label}, {counted(r.n)}", _queries(r.curve), looks.hue, looks.marker))
            if r.base_cost is not None and r.curve:
                flat = tuple(Dot(q, r.base_cost) for q, _ in r.curve)
                label = f"{base.label} at the same accuracy ({r.accuracy:.2f})"
                lines.append(Line(label, flat, base.hue, base.marker, "fit"))
        yield Plot(
            "amortised",
            "planning",
            "Training cost spread over queries",
            (
                "FLOPs per query, including a share of generation and training; dotted: the "
                "untrained model with more samples."
            ),
            task,
            Axis("queries", log=True),
            Axis("cost per query", log=True, unit="FLOPs"),
            tuple(lines),
        )


def _queries(curve: Sequence[tuple[float, float]]) -> tuple[Dot, ...]:
    return tuple(Dot(queries, cost) for queries, cost in curve)


def _by(rows: Sequence[T], field: str) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(getattr(row, field), []).append(row)
    return groups
