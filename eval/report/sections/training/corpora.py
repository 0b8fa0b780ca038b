"""The corpora of a run: the cost of each, its quality, and the effect of training on it.

One row per task, tuned stage and corpus, then the corpora on which no stage here was trained directly.
Accuracy and the paired difference to the untrained model are those of one strategy that both stages have
(greedy if there is one), so rows can be compared with each other, if their models were trained on equally
many tokens.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from eval.compare import Comparison
from eval.compare import compare as compare_answers
from eval.report.numbers import MISSING, quantity
from eval.report.overview.comparisons import contestants
from eval.report.plots.plot import Axis, Dot, Line, Plot
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import CORPORA
from eval.report.tables import TASK, Cell, Table, TableColumn, amount, estimate, number, table, text, whole
from eval.report.trained_models import CorpusFacts
from eval.report.view import LoadedStage, PointRow, tasks_of
from lab.system.spreadsheet import Writer

EQUAL = 0.1
"""Budgets of trained tokens that differ by no more than this share count as equal."""


def section(inputs: ReportInputs) -> Section:
    """The section on corpora."""
    rows = results_of(inputs.stages, inputs.corpora)
    data = [asdict(row) for row in rows]
    return Section(
        "corpora",
        "What did each corpus cost, and what did training on it change?",
        CORPORA,
        tables=table_of(rows),
        plots=plots(rows),
        data={"corpora": data},
        summary={"corpora": data, "equal_budgets": equal_budgets(rows)} if rows else {},
        files={"corpora.csv": to_csv(rows)} if rows else {},
    )


@dataclass(frozen=True, slots=True)
class CorpusResult:
    """One corpus and its effect: accuracy of the tuned stage, and its paired gain.

    Without a `stage` no model here was trained on it; `behind`: stages whose model was made from it by an
    earlier training, or by the corpus of a later one.
    """

    task: str
    stage: str
    corpus: CorpusFacts
    trainer: str = ""
    examples: int | None = None
    trained_tokens: int | None = None
    strategy: str = ""
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    base: str = ""
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    behind: tuple[str, ...] = ()


def results_of(stages: Sequence[LoadedStage], made: Sequence[CorpusFacts] = ()) -> list[CorpusResult]:
    """Every tuned stage's corpora, then the others of those that were `made`; [] where there are none."""
    base = next((s for s in stages if s.view.training is None), None)
    found = []
    for stage in stages:
        if stage.view.training is None or not stage.view.training.corpora:
            continue
        strategy = common_strategy([stage, base] if base else [stage])
        against = _differences(base, stage, strategy) if base else {}
        for task in tasks_of([stage]):
            found += _results(task, stage, strategy, base, against.get(task))
    order = tasks_of(stages)
    found += [row for task in order for row in _untrained(task, stages, made)]
    return sorted(found, key=lambda row: order.index(row.task))


def _untrained(task: str, stages: Sequence[LoadedStage], made: Sequence[CorpusFacts]) -> list[CorpusResult]:
    """Corpora that none of the stages' models was trained on in its last training."""
    trainings = {s.label: s.view.training for s in stages if s.view.training is not None}
    used = {corpus.id for training in trainings.values() for corpus in training.corpora}
    return [
        CorpusResult(task, "", c, behind=tuple(label for label, t in trainings.items() if c.id in t.behind))
        for c in made
        if c.id not in used
    ]


def budgets(rows: Sequence[CorpusResult]) -> tuple[int, int] | None:
    """Fewest and most tokens trained on among the rows with an accuracy; None below two models."""
    found = {row.stage: row.trained_tokens for row in rows if row.accuracy is not None}
    known = [tokens for tokens in found.values() if tokens is not None]
    return (min(known), max(known)) if len(known) > 1 else None


def equal_budgets(rows: Sequence[CorpusResult]) -> bool | None:
    """Whether the models were trained on equally many tokens, within EQUAL; None below two models."""
    ends = budgets(rows)
    return None if ends is None else ends[1] <= (1 + EQUAL) * ends[0]


def common_strategy(stages: Sequence[LoadedStage]) -> str:
    """A strategy all these stages have: greedy, else single samples, else the first; "" if there is none."""
    kinds = contestants(stages[0])
    shared = [s for s in kinds if all(s in contestants(other) for other in stages)]
    ranked = sorted(shared, key=lambda s: {"greedy": 0, "sample": 1}.get(kinds[s], 2))
    return next(iter(ranked), "")


def _differences(base: LoadedStage, stage: LoadedStage, strategy: str) -> dict[str, Comparison]:
    if not strategy:
        return {}
    first, last = (s.view.folder for s in (base, stage))
    return {c.task: c for c in compare_answers(first, last, [(strategy, strategy)])}


def _results(
    task: str, stage: LoadedStage, strategy: str, base: LoadedStage | None, against: Comparison | None
) -> list[CorpusResult]:
    training = stage.view.training
    assert training is not None
    point = _point(stage, task, strategy)
    how = (training.trainer, training.examples, training.tokens, strategy)
    found = CorpusResult(task, stage.label, training.corpora[0], *how)
    if point is not None:
        n = point.numbers
        found = replace(found, accuracy=n["accuracy"], low=n["ci_low"], high=n["ci_high"])
    if base is not None and against is not None:
        found = replace(found, base=base.label, difference=against.difference)
        found = replace(found, difference_low=against.ci_low, difference_high=against.ci_high)
    return [replace(found, corpus=corpus) for corpus in training.corpora]


def _point(stage: LoadedStage, task: str, strategy: str) -> PointRow | None:
    """The strategy's accuracy; of single samples the point of one."""
    mine = [p for p in stage.points if p.task == task and p.text["strategy"] == strategy]
    return min(mine, key=lambda p: p.number("samples"), default=None)


NOTE = (
    "Cost per kept example: everything that was generated for it. Kept but wrong: of the "
    "kept examples whose right answer is known. Distinct-2 and embedding distance: over a "
    "sample of kept completions. Test questions in it: those that share a run of words with "
    "a kept example; near it: those similar by embedding to one of a sample of kept "
    "examples. The difference is paired on shared problems, against the untrained model with "
    "the same strategy."
)


def table_of(rows: Sequence[CorpusResult]) -> tuple[Table, ...]:
    """One row per corpus and task: what it cost, what is in it, and the accuracy after training on it.

    Accuracies and shares are in [0, 1] with 95 % intervals; tokens and FLOPs are per kept example. Without
    rows there is no table.
    """
    columns = (
        TASK,
        text("corpus", "corpus.name"),
        text("method", "corpus.method"),
        text("model", _model),
        text("trainer", lambda row: row.trainer or MISSING),
        text("strategy", lambda row: row.strategy or MISSING),
        estimate("accuracy", "accuracy", "low", "high"),
        estimate("difference to base", "difference", "difference_low", "difference_high", sign=True),
        whole("kept", "corpus.kept"),
        number("yield", lambda row: row.corpus.kept / row.corpus.drawn if row.corpus.drawn else None),
        amount("generated tokens per kept", "corpus.tokens"),
        amount("FLOPs per kept", "corpus.flops", "FLOPs"),
        estimate("kept but wrong", "corpus.wrong", "corpus.wrong_low", "corpus.wrong_high"),
        number("paths per problem", "corpus.paths", 2),
        number("distinct-2", "corpus.distinct_2"),
        number("embedding distance", "corpus.distance"),
        TableColumn("test questions in it", lambda row: _of(row.corpus.touched, row.corpus.questions)),
        TableColumn("test questions near it", lambda row: _of(row.corpus.near, row.corpus.compared)),
        whole("examples trained on", "examples"),
        whole("tokens trained on", "trained_tokens"),
    )
    return table("trained-on", "Corpora", " ".join([NOTE, *_remarks(rows)]), rows, columns)


def _model(row: CorpusResult) -> str:
    """The stage that was trained on it, else those it led to."""
    return row.stage or (f"behind {', '.join(row.behind)}" if row.behind else MISSING)


def _remarks(rows: Sequence[CorpusResult]) -> Iterator[str]:
    """Reasons why the rows cannot be compared directly."""
    if (ends := budgets(rows)) is not None:
        low, high = (f"{tokens:,}" for tokens in ends)
        if equal_budgets(rows):
            yield f"All models were trained on equally many tokens within {EQUAL:.0%} ({low} to {high})."
        else:
            yield (
                f"The models were not trained on equally many tokens ({low} to {high}), so "
                "part of the difference between them may come from the amount of training."
            )
    texts = {row.corpus.texts for row in rows if row.corpus.texts is not None}
    if len(texts) > 1:
        yield (
            f"Distinct-2 was computed on samples of {min(texts)} to {max(texts)} completions; "
            "it falls with their number."
        )
    if any(not row.stage for row in rows):
        yield (
            "A corpus has no accuracy if no model here was trained on it, or if it was not "
            "part of the last training."
        )


def _of(count: int | None, total: int | None) -> Cell:
    return Cell(MISSING if count is None else f"{count:,} of {total or 0:,}", count)


FEWEST = 3
"""Corpora below which the table says it all."""
HUES = MARKERS = 8
PLOT_NOTE = (
    "Marks: accuracy after training on the corpus minus that of the untrained model, paired, "
    "with 95 % CI over problems, against the FLOPs spent per kept example. A corpus that "
    "cost nothing is only in the table."
)


def plots(rows: Sequence[CorpusResult]) -> tuple[Plot, ...]:
    """One plot per task with at least FEWEST corpora that have a cost and a gain."""
    title = "Gain from training on a corpus against the cost of its examples"
    x, y, found = (
        Axis("FLOPs per kept example", log=True, unit="FLOPs"),
        Axis("gain in accuracy"),
        list[Plot](),
    )
    for task in dict.fromkeys(row.task for row in rows):
        mine = [row for row in rows if row.task == task and row.difference is not None and row.corpus.flops]
        if len(mine) >= FEWEST:
            marks = tuple(_mark(number, row) for number, row in enumerate(mine))
            found.append(Plot("corpora", title, PLOT_NOTE, task, x, y, marks))
    return tuple(found)


def _mark(number: int, row: CorpusResult) -> Line:
    """Hue and marker together tell 64 corpora apart."""
    corpus, flops = row.corpus, row.corpus.flops or 0.0
    note = f"{corpus.method}, {row.trainer}: {corpus.kept:,} kept, {quantity(flops, 'FLOPs')} each"
    dot = Dot(flops, row.difference or 0.0, row.difference_low, row.difference_high, note)
    return Line(corpus.name, (dot,), number % HUES, (number + number // HUES) % MARKERS, "dots")


def to_csv(rows: Sequence[CorpusResult]) -> str:
    """corpora.csv: numbers unrounded, ends of intervals in columns, an empty cell for what is unknown."""
    text = io.StringIO(newline="")
    flat = [_flat(row) for row in rows]
    Writer(text).writerows([list(flat[0]), *(row.values() for row in flat)])
    return text.getvalue()


def _flat(row: CorpusResult) -> dict[str, object]:
    head, rest = {"task": row.task, "model": row.stage}, asdict(row)
    own = {"corpus" if name == "name" else name: value for name, value in asdict(row.corpus).items()}
    others = {k: v for k, v in rest.items() if k not in ("task", "stage", "corpus")}
    return {**head, **own, **others, "behind": " ".join(row.behind)}
