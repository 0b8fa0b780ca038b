"""Accuracy against the number of training examples, where several tuned models differ in nothing else.

The fits are those of eval/analysis/compute/data_scaling.py; here they become a plot and a table of the
section on corpora, and one sentence each that says where the curve flattens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.analysis.compute.data_scaling import GAIN, DataScaling, ProblemResults, data_scaling
from eval.compare import read_results
from eval.report.numbers import decimal
from eval.report.plots.plot import Axis, Dot, Line, Plot
from eval.report.sections.corpora import SECTION, common_strategy
from eval.report.tables import Cell, Row, Table, spread
from eval.report.view import ALL, LoadedStage

FAR = 1_000
"""Times the largest size; past it a number of examples is not shown."""


def scalings_of(stages: Sequence[LoadedStage]) -> list[DataScaling]:
    """A fit per family of trainings and task (pooled first), where there are enough sizes."""
    found = []
    for number, members in enumerate(_families(stages), 1):
        strategy = common_strategy([stage for _, stage in members])
        results = [(n, read_results(stage.view.folder)) for n, stage in members]
        tasks = list(dict.fromkeys(task for _, r in results for task, s in r if s == strategy))
        for task in [ALL, *tasks] if len(tasks) > 1 else tasks:
            chosen = tasks if task == ALL else [task]
            sizes = [(n, _together(r, chosen, strategy)) for n, r in results]
            fitted = data_scaling(task, _name(members, number), strategy, sizes)
            found += [fitted] if fitted else []
    return found


def _families(stages: Sequence[LoadedStage]) -> list[list[tuple[int, LoadedStage]]]:
    """Stages whose models were trained alike, with their numbers of examples."""
    families: dict[str, list[tuple[int, LoadedStage]]] = {}
    for stage in stages:
        training = stage.view.training
        if training is not None and training.family and training.examples:
            families.setdefault(training.family, []).append((training.examples, stage))
    return [members for members in families.values() if len({n for n, _ in members}) > 1]


def _name(members: Sequence[tuple[int, LoadedStage]], number: int) -> str:
    training = members[0][1].view.training
    names = ", ".join(corpus.name for corpus in training.corpora) if training else ""
    return names or f"family {number}"


def _together(
    results: Mapping[tuple[str, str], ProblemResults], tasks: Sequence[str], strategy: str
) -> ProblemResults:
    """One strategy's problems over several tasks, ids and clusters told apart by task."""
    return {
        f"{task}\x1f{id}": (value, f"{task}\x1f{cluster}")
        for task in tasks
        for id, (value, cluster) in results.get((task, strategy), {}).items()
    }


def plots(fits: Sequence[DataScaling]) -> list[Plot]:
    """One plot per task: measured accuracies with intervals, and the law up to 4 times the largest size."""
    found = []
    for task in dict.fromkeys(fit.task for fit in fits):
        lines = []
        for hue, fit in enumerate([f for f in fits if f.task == task]):
            dots = tuple(Dot(s.n, s.accuracy, s.low, s.high, f"{s.seeds} training seeds") for s in fit.sizes)
            lines.append(Line(fit.family, dots, hue % 8, hue % 8, "dots"))
            law = tuple(Dot(x, y) for x, y in fit.drawn)
            lines.append(Line(f"{fit.family}: a − b x^−c", law, hue % 8, hue % 8, "fit"))
        note = (
            "Marks: accuracy after training on x examples (95 % CI over problems). Dotted: the fitted curve."
        )
        x, y = Axis("training examples", log=True), Axis("accuracy", low=0.0, high=1.0)
        title = "Accuracy against training examples"
        found.append(Plot("data-scaling", SECTION, title, note, task, x, y, tuple(lines)))
    return found


def tables(fits: Sequence[DataScaling]) -> list[Table]:
    """The fitted laws: plateau, exponent, where it flattens, and the held-out check."""
    if not fits:
        return []
    heads: tuple[str, ...] = (
        "task",
        "corpus",
        "strategy",
        "sizes",
        "problems",
        "plateau a [95 % CI]",
        "b",
        "c",
    )
    heads += ("flat from x [95 % CI]", "held-out prediction", "observed", "error", "verdict")
    note = (
        f"accuracy = a − b x^−c. Flat: twice the data gains less than {GAIN:g}. Held out: the "
        "error at the largest size when fitted without it. Intervals resample problems; they "
        "do not cover the choice of the formula."
    )
    rows = tuple(Row(fit.task, _cells(fit)) for fit in fits)
    words = {"task", "corpus", "strategy", "sizes", "verdict"}
    shown = Table("scaling", SECTION, "Data scaling", note, heads, frozenset(set(heads) - words), rows)
    return [shown]


def _cells(fit: DataScaling) -> tuple[Cell, ...]:
    flat, low, high = (_count(fit, n) for n in (fit.flat, fit.flat_low, fit.flat_high))
    return (
        Cell(fit.task),
        Cell(fit.family),
        Cell(fit.method),
        Cell(", ".join(str(s.n) for s in fit.sizes)),
        Cell(str(fit.problems), fit.problems),
        spread(fit.a, fit.a_low, fit.a_high),
        Cell(decimal(fit.b), fit.b),
        Cell(decimal(fit.c, 2), fit.c),
        Cell(f"{flat} [{low}, {high}]", fit.flat),
        Cell(decimal(fit.predicted), fit.predicted),
        Cell(decimal(fit.observed), fit.observed),
        Cell(decimal(fit.error, sign=True), fit.error),
        Cell(verdict(fit)),
    )


def _count(fit: DataScaling, n: float) -> str:
    """A number of examples; "open" far past the sizes that were trained, where the law says nothing."""
    return f"{n:,.0f}" if n <= FAR * fit.sizes[-1].n else "open"


def verdict(fit: DataScaling) -> str:
    """Where the curve flattens, in no more words than the interval allows."""
    last = fit.sizes[-1].n
    if fit.flattened:
        return f"flat from about {_count(fit, fit.flat)} examples on"
    if fit.flat_low > last:
        return f"still rising at {last:,}"
    return f"not shown whether it is flat at {last:,}"
