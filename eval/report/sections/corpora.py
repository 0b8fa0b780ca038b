"""The corpora of a run: what each cost, how good it is, and what training on it changed.

One line per task, tuned stage and corpus, then the corpora that no stage here was trained on directly.
Accuracy and the paired difference to the untrained model are those of one strategy that both stages have
(greedy where there is one), so lines can be compared with each other, if their models were trained on equally
many tokens.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from eval.compare import Comparison
from eval.compare import compare as compare_answers
from eval.report.numbers import MISSING, decimal, quantity
from eval.report.sections.compared import contestants
from eval.report.tables import Cell, Row, Table, spread
from eval.report.trained_models import CorpusFacts
from eval.report.view import LoadedStage, PointRow, tasks_of
from lab.formats.spreadsheet import Writer

SECTION = "corpora"
EQUAL = 0.1
"""Budgets of trained tokens that differ by no more than this share count as equal."""


@dataclass(frozen=True, slots=True)
class CorpusResult:
    """One corpus and what came of it: accuracy of the tuned stage, and its paired gain.

    Without a `stage` no model here was trained on it; `behind`: stages whose model an earlier training, or
    the corpus of a later one, made from it.
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


def lines_of(stages: Sequence[LoadedStage], made: Sequence[CorpusFacts] = ()) -> list[CorpusResult]:
    """Every tuned stage's corpora, then the others of those that were `made`; [] where there are none."""
    base = next((s for s in stages if s.view.training is None), None)
    found = []
    for stage in stages:
        if stage.view.training is None or not stage.view.training.corpora:
            continue
        strategy = common_strategy([stage, base] if base else [stage])
        against = _differences(base, stage, strategy) if base else {}
        for task in tasks_of([stage]):
            found += _lines(task, stage, strategy, base, against.get(task))
    order = tasks_of(stages)
    found += [line for task in order for line in _untrained(task, stages, made)]
    return sorted(found, key=lambda line: order.index(line.task))


def _untrained(task: str, stages: Sequence[LoadedStage], made: Sequence[CorpusFacts]) -> list[CorpusResult]:
    """Corpora that none of the stages' models was trained on in its last training."""
    trainings = {s.label: s.view.training for s in stages if s.view.training is not None}
    used = {corpus.id for training in trainings.values() for corpus in training.corpora}
    return [
        CorpusResult(task, "", c, behind=tuple(label for label, t in trainings.items() if c.id in t.behind))
        for c in made
        if c.id not in used
    ]


def budgets(lines: Sequence[CorpusResult]) -> tuple[int, int] | None:
    """Fewest and most tokens trained on among the lines with an accuracy; None below two models."""
    found = {line.stage: line.trained_tokens for line in lines if line.accuracy is not None}
    known = [tokens for tokens in found.values() if tokens is not None]
    return (min(known), max(known)) if len(known) > 1 else None


def equal_budgets(lines: Sequence[CorpusResult]) -> bool | None:
    """Whether the models were trained on equally many tokens, within EQUAL; None below two models."""
    ends = budgets(lines)
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


def _lines(
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


HEADS = (
    "corpus", "method", "model", "trainer", "strategy", "accuracy [95 % CI]", "difference to base [95 % CI]",
    "kept", "yield", "generated tokens per kept", "FLOPs per kept", "kept but wrong [95 % CI]",
    "paths per problem", "distinct-2", "embedding distance", "test questions in it", "test questions near it",
    "examples trained on", "tokens trained on",
)  # fmt: skip
WORDS = ("task", "corpus", "method", "model", "trainer", "strategy")
NOTE = (
    "Cost per kept example: everything that was generated for it. Kept but wrong: of the "
    "kept examples whose right answer is known. Distinct-2 and embedding distance: over a "
    "sample of kept completions. Test questions in it: those that share a run of words with "
    "a kept example; near it: those similar by embedding to one of a sample of kept "
    "examples. The difference is paired on shared problems, against the untrained model with "
    "the same strategy."
)


def table(lines: Sequence[CorpusResult]) -> Table:
    """The lines as the page and results.md show them."""
    heads = ("task", *HEADS)
    rows = tuple(Row(line.task, _cells(line)) for line in lines)
    note = " ".join([NOTE, *_remarks(lines)])
    return Table("trained-on", SECTION, "Corpora", note, heads, frozenset(set(heads) - set(WORDS)), rows)


def _remarks(lines: Sequence[CorpusResult]) -> Iterator[str]:
    """What stands in the way of comparing the lines."""
    if (ends := budgets(lines)) is not None:
        low, high = (f"{tokens:,}" for tokens in ends)
        if equal_budgets(lines):
            yield f"All models were trained on equally many tokens within {EQUAL:.0%} ({low} to {high})."
        else:
            yield (
                f"The models were not trained on equally many tokens ({low} to {high}), so "
                "part of the difference between them may come from the amount of training."
            )
    texts = {line.corpus.texts for line in lines if line.corpus.texts is not None}
    if len(texts) > 1:
        yield (
            f"Distinct-2 was computed on samples of {min(texts)} to {max(texts)} completions; "
            "it falls with their number."
        )
    if any(not line.stage for line in lines):
        yield (
            "A corpus has no accuracy if no model here was trained on it, or if it was not "
            "part of the last training."
        )


def _cells(line: CorpusResult) -> tuple[Cell, ...]:
    c = line.corpus
    rate = c.kept / c.drawn if c.drawn else None
    change = (line.difference, line.difference_low, line.difference_high)
    return (
        Cell(line.task),
        Cell(c.name),
        Cell(c.method),
        Cell(line.stage or (f"behind {', '.join(line.behind)}" if line.behind else MISSING)),
        Cell(line.trainer or MISSING),
        Cell(line.strategy or MISSING),
        spread(line.accuracy, line.low, line.high),
        spread(*change, sign=True),
        Cell(f"{c.kept:,}", c.kept),
        Cell(decimal(rate), rate),
        Cell(quantity(c.tokens), c.tokens),
        Cell(quantity(c.flops, "FLOPs"), c.flops),
        spread(c.wrong, c.wrong_low, c.wrong_high),
        Cell(decimal(c.paths, 2), c.paths),
        Cell(decimal(c.distinct_2), c.distinct_2),
        Cell(decimal(c.distance), c.distance),
        _of(c.touched, c.questions),
        _of(c.near, c.compared),
        _whole(line.examples),
        _whole(line.trained_tokens),
    )


def _of(count: int | None, total: int | None) -> Cell:
    return Cell(MISSING if count is None else f"{count:,} of {total or 0:,}", count)


def _whole(value: int | None) -> Cell:
    return Cell(MISSING if value is None else f"{value:,}", value)


def to_csv(lines: Sequence[CorpusResult]) -> str:
    """corpora.csv: numbers unrounded, ends of intervals in columns, an empty cell for what is unknown."""
    text = io.StringIO(newline="")
    rows = [_flat(line) for line in lines]
    Writer(text).writerows([list(rows[0]), *(row.values() for row in rows)])
    return text.getvalue()


def _flat(line: CorpusResult) -> dict[str, object]:
    head, rest = {"task": line.task, "model": line.stage}, asdict(line)
    own = {"corpus" if name == "name" else name: value for name, value in asdict(line.corpus).items()}
    others = {k: v for k, v in rest.items() if k not in ("task", "stage", "corpus")}
    return {**head, **own, **others, "behind": " ".join(line.behind)}
