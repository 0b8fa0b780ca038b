"""Accuracy against the number of training examples, if several tuned models differ in nothing else.

The fits are those of eval/analysis/compute/data_scaling.py; here they become a plot and a table of the
section on corpora, and one sentence each about where the curve levels off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from eval.analysis.compute.data_scaling import GAIN, DataScaling, data_scaling
from eval.analysis.generalisation import ProblemResults
from eval.compare import read_results
from eval.report.plots.plot import UNIT_INTERVAL, Axis, Dot, Line, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import CORPORA
from eval.report.sections.training.corpora import common_strategy
from eval.report.tables import TASK, Cell, Table, TableColumn, estimate, number, table, text
from eval.report.view import ALL, LoadedStage

TABLE_NOTE = (
    f"accuracy = a − b x^−c. Flat: twice the data gains less than {GAIN:g}. Held out: the "
    "error at the largest size when fitted without it. Intervals resample problems; they "
    "do not cover the choice of the formula."
)
FAR = 1_000
"""Times the largest size; past it a number of examples is not shown."""


def section(inputs: ReportInputs) -> Section:
    """The section on data scaling."""
    fits = scalings_of(inputs.stages)
    return Section(
        "data_scaling",
        "Would more training examples help?",
        CORPORA,
        tables=table_of(fits),
        plots=plots(fits),
        data={"data_scaling": [asdict(fit) for fit in fits]},
    )


def scalings_of(stages: Sequence[LoadedStage]) -> list[DataScaling]:
    """A fit per family of trainings and task (pooled first), where there are enough sizes."""
    found = []
    for i, members in enumerate(_families(stages), 1):
        strategy = common_strategy([stage for _, stage in members])
        results = [(n, read_results(stage.view.folder)) for n, stage in members]
        tasks = list(dict.fromkeys(task for _, r in results for task, s in r if s == strategy))
        for task in [ALL, *tasks] if len(tasks) > 1 else tasks:
            chosen = tasks if task == ALL else [task]
            sizes = [(n, _together(r, chosen, strategy)) for n, r in results]
            fitted = data_scaling(task, _name(members, i), strategy, sizes)
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


def plots(fits: Sequence[DataScaling]) -> tuple[Plot, ...]:
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
        x, y = Axis("training examples", log=True), UNIT_INTERVAL.named("accuracy")
        title = "Accuracy against training examples"
        found.append(Plot("data-scaling", title, note, task, x, y, tuple(lines)))
    return tuple(found)


def table_of(fits: Sequence[DataScaling]) -> tuple[Table, ...]:
    """The fitted laws: plateau, exponent, where it flattens, and the held-out check."""
    columns = (
        TASK,
        text("corpus", "family"),
        text("strategy", "method"),
        text("sizes", lambda fit: ", ".join(str(s.n) for s in fit.sizes)),
        number("problems", "problems", 0),
        estimate("plateau a", "a", "a_low", "a_high"),
        number("b", "b"),
        number("c", "c", 2),
        TableColumn("flat from x [95 % CI]", _flat),
        number("held-out prediction", "predicted"),
        number("observed", "observed"),
        number("error", "error", sign=True),
        text("verdict", verdict),
    )
    return table("scaling", "Data scaling", TABLE_NOTE, fits, columns)


def _flat(fit: DataScaling) -> Cell:
    flat, low, high = (_count(fit, n) for n in (fit.flat, fit.flat_low, fit.flat_high))
    return Cell(f"{flat} [{low}, {high}]", fit.flat)


def _count(fit: DataScaling, n: float) -> str:
    """A number of examples; "open" far past the sizes that were trained, where the law says nothing."""
    return f"{n:,.0f}" if n <= FAR * fit.sizes[-1].n else "open"


def verdict(fit: DataScaling) -> str:
    """Where the curve levels off, as far as the interval shows it."""
    last = fit.sizes[-1].n
    if fit.flattened:
        return f"flat from about {_count(fit, fit.flat)} examples on"
    if fit.flat_low > last:
        return f"still rising at {last:,}"
    return f"not shown whether it is flat at {last:,}"
