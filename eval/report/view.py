"""What a report reads: finished evaluate stages, loaded small.

A `StageView` names one evaluate stage's directory. `load` turns views into `LoadedStage`s: its curve points
(points.csv) and one light row per answer (answers without the long texts, so that a hundred
thousand answers fit). Long texts are read later, for the few problems that are shown as examples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from eval.report.trained_models import Training, TrainingRun
from lab.errors import InputError
from lab.formats.answers import read_answers
from lab.formats.points import COLUMNS, FILE, GAPS, POOLED, TEXTS, read_lines
from lab.language.extraction import FORMER_READERS

ALL = POOLED
"""The task name of rows that pool every task's problems."""


@dataclass(frozen=True, slots=True)
class StageView:
    """One evaluate stage to report on: its name, the label of its model and of its run, its directory.

    `fixed_flops`: what generating its data and training its model cost, None for an untrained model. Stages
    of one `series` differ only in the `round` of self-training or the `seed` of the training of their model.
    `training`: what its model was trained on, None for one that no stage of the run has trained.
    `training_runs`: the train stages behind all its models, those it scores with too. `sets`: task -> its set
    of test problems (same, harder, ...), where tasks name one.
    """

    name: str
    model: str
    run: str
    folder: Path
    fixed_flops: float | None = None
    series: str = ""
    round: int | None = None
    seed: int | None = None
    training: Training | None = None
    training_runs: tuple[TrainingRun, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PointRow:
    """One row of points.csv. `numbers` maps the numeric columns to a float, or None where undefined."""

    stage: int
    text: dict[str, str]
    numbers: dict[str, float | None]

    @property
    def method(self) -> tuple[str, str]:
        """(strategy, scorer): what a curve is drawn for."""
        return self.text["strategy"], self.text["scorer"]

    @property
    def task(self) -> str:
        return self.text["task"]

    @property
    def measured(self) -> bool:
        return self.text["origin"] == "measured"

    @property
    def gaps(self) -> str:
        """`3 failed, 2 unscored`: its problems that are not in the accuracy; "" where all are."""
        counts = {name: self.numbers[name] or 0 for name in GAPS}
        return ", ".join(f"{count:,.0f} {name}" for name, count in counts.items() if count)

    def number(self, column: str) -> float:
        """A numeric column, NaN where undefined."""
        value = self.numbers[column]
        return math.nan if value is None else value


@dataclass(slots=True)
class _Columns:
    """The short columns of an answer."""

    task: str
    problem_id: str
    cluster: str
    strategy: str
    curve: str
    kind: str
    scorer: str
    n: int
    value: str | None
    correct: bool | None
    failed: bool
    error: str
    abstained: bool
    ceiling: bool


@dataclass(slots=True)
class LoadedAnswer(_Columns):
    """One answer without its texts.

    `curve`: the strategy of its points; `pool_right`: some candidate is right; of the candidates `cut` ended
    by length and `lost` could not be drawn.
    """

    candidates: int = 0
    cut: int = 0
    lost: int = 0
    pool_right: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """(task, problem id)."""
        return self.task, self.problem_id


@dataclass(slots=True)
class _Candidate:
    """What is read of a candidate."""

    correct: bool | None
    finish_reason: str


@dataclass(slots=True)
class _Answer(_Columns):
    """What is read of an answer."""

    candidates: list[_Candidate]


@dataclass(slots=True)
class LoadedStage:
    """A loaded stage. `label` is unique in the report."""

    index: int
    label: str
    view: StageView
    points: list[PointRow] = field(default_factory=list)
    answers: list[LoadedAnswer] = field(default_factory=list)

    def by_strategy(self) -> dict[str, list[LoadedAnswer]]:
        """Answers grouped by strategy label, in order of appearance."""
        groups: dict[str, list[LoadedAnswer]] = {}
        for row in self.answers:
            groups.setdefault(row.strategy, []).append(row)
        return groups


def load(views: Sequence[StageView]) -> list[LoadedStage]:
    """Read the stages' points and answers; InputError names a file or column that is not there."""
    return [
        LoadedStage(i, label, view, read_points(i, view.folder, label), list(_answers(view.folder)))
        for i, (label, view) in enumerate(zip(labels(views), views, strict=True))
    ]


def labels(views: Sequence[StageView]) -> list[str]:
    """Unique display names: the stage's name, with its run, then a number, only where that is needed."""
    names = [v.name for v in views]
    short = [f"{v.run}/{v.name}" if names.count(v.name) > 1 else v.name for v in views]
    return [s if short.count(s) == 1 else f"{s} #{short[: i + 1].count(s)}" for i, s in enumerate(short)]


def read_points(stage: int, folder: Path, label: str) -> list[PointRow]:
    """The rows of a points.csv in file order, their stage renamed to `label`."""
    rows = read_lines(folder)
    return [_point(stage, {**row, "stage": label}, f"{folder / FILE}:{i}") for i, row in enumerate(rows, 2)]


def _point(stage: int, row: dict[str, str], where: str) -> PointRow:
    try:
        numbers = {c: _number(row.get(c, "")) for c in COLUMNS if c not in TEXTS}
    except (TypeError, ValueError) as error:
        raise InputError(f"not a number: {error}", where=where) from error
    readers = row.get("readers") or FORMER_READERS
    return PointRow(stage, {c: row.get(c) or "" for c in TEXTS} | {"readers": readers}, numbers)


def _number(text: str) -> float | None:
    value = float(text) if text.strip() else math.nan
    return value if math.isfinite(value) else None


def _answers(folder: Path) -> Iterator[LoadedAnswer]:
    """The light rows; equal texts are one object, so that a problem costs a few hundred bytes an answer."""
    known = dict[str, str]()
    for row in read_answers(folder, _Answer):
        row.correct = None if row.failed or row.correct is None else bool(row.correct)
        yield LoadedAnswer(
            **{name: _one(getattr(row, name), known) for name in LIGHT},
            candidates=len(row.candidates),
            cut=sum(c.finish_reason == "length" for c in row.candidates),
            lost=sum(c.finish_reason == "error" for c in row.candidates),
            pool_right=any(c.correct for c in row.candidates),
        )


LIGHT = tuple(f.name for f in fields(_Columns))


def _one(value: Any, known: dict[str, str]) -> Any:
    return known.setdefault(value, value) if isinstance(value, str) else value


def tasks_of(stages: Sequence[LoadedStage]) -> list[str]:
    """Task names in order of appearance, "all" first where there is one."""
    names = list(dict.fromkeys(p.task for s in stages for p in s.points))
    return sorted(names, key=lambda name: name != ALL)
