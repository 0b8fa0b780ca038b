"""The corpora behind the tuned models: what each cost, how good it is, and what training on it changed.

One line per task, tuned stage and corpus. Accuracy and the paired difference to the untrained model are those
of one strategy that both stages have (greedy where there is one), so lines can be compared with each other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from eval.compare import Comparison
from eval.compare import compare as compare_answers
from eval.report.compared import contestants
from eval.report.corpus import Corpus
from eval.report.numbers import MISSING, decimal, interval, quantity
from eval.report.tables import Cell, Row, Table
from eval.report.view import Point, Stage, tasks_of

SECTION = "corpora"


@dataclass(frozen=True, slots=True)
class Line:
    """One corpus and what came of it: accuracy of the tuned stage, and its paired gain."""

    task: str
    stage: str
    corpus: Corpus
    examples: int | None
    trained_tokens: int | None
    strategy: str
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    base: str = ""
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None


def lines_of(stages: Sequence[Stage]) -> list[Line]:
    """Every tuned stage's corpora; [] where no model was trained on a corpus of its run."""
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
    return sorted(found, key=lambda line: order.index(line.task))


def common_strategy(stages: Sequence[Stage]) -> str:
    """A strategy all these stages have: greedy, else single samples, else the first; "" if there is none."""
    kinds = contestants(stages[0])
    shared = [s for s in kinds if all(s in contestants(other) for other in stages)]
    ranked = sorted(shared, key=lambda s: {"greedy": 0, "sample": 1}.get(kinds[s], 2))
    return next(iter(ranked), "")


def _differences(base: Stage, stage: Stage, strategy: str) -> dict[str, Comparison]:
    if not strategy:
        return {}
    first, last = (s.view.folder / "answers.parquet" for s in (base, stage))
    return {c.task: c for c in compare_answers(first, last, [(strategy, strategy)])}


def _lines(
    task: str, stage: Stage, strategy: str, base: Stage | None, against: Comparison | None
) -> list[Line]:
    training = stage.view.training
    assert training is not None
    point = _point(stage, task, strategy)
    found = Line(task, stage.label, training.corpora[0], training.examples, training.tokens, strategy)
    if point is not None:
        n = point.numbers
        found = replace(found, accuracy=n["accuracy"], low=n["ci_low"], high=n["ci_high"])
    if base is not None and against is not None:
        found = replace(found, base=base.label, difference=against.difference)
        found = replace(found, difference_low=against.ci_low, difference_high=against.ci_high)
    return [replace(found, corpus=corpus) for corpus in training.corpora]


def _point(stage: Stage, task: str, strategy: str) -> Point | None:
    """The strategy's accuracy; of single samples the point at n = 1."""
    mine = [p for p in stage.points if p.task == task and p.text["strategy"] == strategy]
    return min(mine, key=lambda p: p.number("n"), default=None)


HEADS = (
    "corpus", "method", "model", "strategy", "accuracy [95 % CI]", "difference to base [95 % CI]", "kept",
    "yield", "tokens per kept", "FLOPs per kept", "kept but wrong [95 % CI]", "paths per problem",
    "distinct-2", "embedding distance", "overlap with tests", "examples trained on", "tokens trained on",
)  # fmt: skip
WORDS = ("task", "corpus", "method", "model", "strategy")


def table(lines: Sequence[Line]) -> Table:
    """The lines as the page and results.md show them."""
    heads = ("task", *HEADS)
    note = (
        "Cost per kept example counts everything drawn for it. Kept but wrong: of the kept examples whose "
        "right answer is known. Overlap: kept examples that share a run of words with a test question. The "
        "difference is paired on shared problems, against the untrained model with the same strategy."
    )
    rows = tuple(Row(line.task, _cells(line)) for line in lines)
    return Table("trained-on", SECTION, "Corpora", note, heads, frozenset(set(heads) - set(WORDS)), rows)


def _cells(line: Line) -> tuple[Cell, ...]:
    c = line.corpus
    rate = c.kept / c.drawn if c.drawn else None
    change = (line.difference, line.difference_low, line.difference_high)
    return (
        Cell(line.task),
        Cell(c.name),
        Cell(c.method),
        Cell(line.stage),
        Cell(line.strategy or MISSING),
        Cell(
            MISSING if line.accuracy is None else interval(line.accuracy, line.low, line.high), line.accuracy
        ),
        Cell(MISSING if line.difference is None else interval(*change, sign=True), line.difference),
        Cell(f"{c.kept:,}", c.kept),
        Cell(decimal(rate), rate),
        Cell(quantity(c.tokens), c.tokens),
        Cell(quantity(c.flops, "FLOPs"), c.flops),
        Cell(MISSING if c.wrong is None else interval(c.wrong, c.wrong_low, c.wrong_high), c.wrong),
        Cell(decimal(c.paths, 2), c.paths),
        Cell(decimal(c.distinct_2), c.distinct_2),
        Cell(decimal(c.distance), c.distance),
        _whole(c.overlapping),
        _whole(line.examples),
        _whole(line.trained_tokens),
    )


def _whole(value: int | None) -> Cell:
    return Cell(MISSING if value is None else f"{value:,}", value)


def to_csv(lines: Sequence[Line]) -> str:
    """corpora.csv: numbers unrounded, ends of intervals in columns, an empty cell for what is unknown."""
    text = io.StringIO(newline="")
    rows = [_flat(line) for line in lines]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(line: Line) -> dict[str, object]:
    head, rest = {"task": line.task, "model": line.stage}, asdict(line)
    own = {"corpus" if name == "name" else name: value for name, value in asdict(line.corpus).items()}
    return {**head, **own, **{k: v for k, v in rest.items() if k not in ("task", "stage", "corpus")}}
