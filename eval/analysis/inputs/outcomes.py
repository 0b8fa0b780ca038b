"""Finished evaluate stages as arrays: problems x points for curves, samples for pools.

Methods can only be compared on problems that all of them have scored, so a `Group` (one task, or all tasks
pooled) has just these, in one order, with the clusters for resampling. Problems that a method answered
without a verdict (failed or unscored) are kept separately, because they widen every interval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lab.errors import InputError
from lab.formats.ledger import COSTS
from lab.formats.outcomes import POINT, read_batches
from lab.formats.points import POOLED
from lab.system.process import give_back

TOKENS = "tokens"
"""The cost that is the sum of prompt and generated tokens."""


@dataclass(frozen=True, slots=True)
class Method:
    """One curve of one stage; `ceiling`: it uses the gold. `id` is "stage/strategy"."""

    id: str
    stage: str
    model: str
    strategy: str
    scorer: str
    ceiling: bool


@dataclass(frozen=True, slots=True)
class EvaluatedStage:
    """A finished evaluate stage: its name, its model's name, the folder with its files."""

    name: str
    model: str
    folder: Path


@dataclass(frozen=True, slots=True)
class MethodSeries:
    """A method's points on a group's problems: `accuracy` and `cost` are (problems, points) arrays, NaN if
    unknown.
    """

    method: Method
    ns: tuple[int, ...]
    origins: tuple[str, ...]
    accuracy: Any
    cost: Any


@dataclass(frozen=True, slots=True)
class Group:
    """One task's methods on the problems that all of them have scored; `clusters`: codes 0..G-1 per problem.

    `every`: the same methods on all problems that they share, NaN if one is not scored; None if there are no
    others.
    """

    task: str
    problems: tuple[tuple[str, str], ...]
    clusters: Any
    series: tuple[MethodSeries, ...]
    every: Group | None = None

    def worlds(self) -> tuple[Group, ...]:
        """All shared problems with missing answers wrong, and right; () if none are missing.

        The unknown cost of such a problem counts as the mean of the others.
        """
        return tuple(_completed(self.every, missing) for missing in (0.0, 1.0)) if self.every else ()


@dataclass(frozen=True, slots=True)
class PointColumn:
    """One point on its problems, in the file's order; `problem` is their number in `Known`.

    `accuracy` is NaN if a problem is unscored.
    """

    problem: Any
    accuracy: Any
    cost: Any
    cluster: Any

    def at(self, problems: Any, known: int) -> Any:
        """The position in this column of each of `problems` (numbers below `known`); -1 if it is not
        there.
        """
        place = np.full(known, -1)
        place[self.problem] = np.arange(len(self.problem))
        return place[problems]


PointsByMethod = dict[Method, dict[tuple[int, str], PointColumn]]
Known = dict[tuple[str, str], int]
"""(task, problem id) -> its number, in order of appearance."""


def read_groups(stages: Sequence[EvaluatedStage], cost: str) -> Iterator[Group]:
    """Every task in order of appearance, then all pooled if there are several; made one at a time.

    Stages without a shared problem are grouped separately. Raises InputError for an unknown cost or a missing
    file.
    """
    if cost not in (*COSTS, TOKENS):
        raise InputError(f"unknown cost '{cost}'; expected one of {', '.join((*COSTS, TOKENS))}")
    known: Known = {}
    read = [_points(stage, cost, known) for stage in stages]
    give_back()
    tasks = list(dict.fromkeys(task for task, _ in known))
    for wanted in [[t] for t in tasks] + ([tasks] if len(tasks) > 1 else []):
        name = wanted[0] if len(wanted) == 1 else POOLED
        together = group(name, wanted, {m: c for points in read for m, c in points.items()}, known)
        found = [together] if together else [group(name, wanted, points, known) for points in read]
        yield from (g for g in found if g is not None)


def group(name: str, tasks: Sequence[str], points: PointsByMethod, known: Known) -> Group | None:
    """The methods that have all of `tasks`, on problems scored at every point; None if they share none."""
    keys = list(known)
    number = {task: i for i, task in enumerate(dict.fromkeys(task for task, _ in keys))}
    task_of, wanted = np.array([number[task] for task, _ in keys]), [number[task] for task in tasks]
    kept: PointsByMethod = {}
    for method, by_n in points.items():
        whole = {k: c for k, c in by_n.items() if np.isin(wanted, task_of[c.problem]).all()}
        if whole:
            kept[method] = whole
    columns = [c for of in kept.values() for c in of.values()]
    if not columns:
        return None
    shared = columns[0].problem[np.isin(task_of[columns[0].problem], wanted)]
    for column in columns:
        shared = shared[column.at(shared, len(keys)) >= 0]
    unknown = np.zeros(len(shared), dtype=bool)
    for column in columns:
        unknown |= np.isnan(column.accuracy[column.at(shared, len(keys))])
    scored = shared[~unknown]
    if not len(scored):
        return None
    every = _group(name, scored, columns[0], kept, keys, task_of)
    if len(scored) == len(shared):
        return every
    return replace(every, every=_group(name, shared, columns[0], kept, keys, task_of))


def _group(
    name: str,
    shared: Any,
    first: PointColumn,
    kept: PointsByMethod,
    keys: Sequence[tuple[str, str]],
    task_of: Any,
) -> Group:
    """The group of these problems (numbers in `keys`); `first` gives their clusters."""
    codes: dict[tuple[int, int], int] = {}
    cluster = first.cluster[first.at(shared, len(keys))]
    pairs = zip(task_of[shared].tolist(), cluster.tolist(), strict=True)
    clusters = np.array([codes.setdefault(pair, len(codes)) for pair in pairs])
    series = tuple(_series(m, c, shared, len(keys)) for m, c in kept.items())
    return Group(name, tuple(keys[i] for i in shared), clusters, series)


def _completed(group: Group, missing: float) -> Group:
    """The group with `missing` for every NaN accuracy, and the mean of the known costs for its cost."""
    series = []
    for mine in group.series:
        unknown = np.isnan(mine.accuracy)
        usual = np.where(unknown, 0.0, mine.cost).sum(axis=0) / np.maximum((~unknown).sum(axis=0), 1)
        accuracy, cost = np.where(unknown, missing, mine.accuracy), np.where(unknown, usual, mine.cost)
        series.append(replace(mine, accuracy=accuracy, cost=cost))
    return replace(group, series=tuple(series))


def _series(
    method: Method, columns: dict[tuple[int, str], PointColumn], shared: Any, known: int
) -> MethodSeries:
    """One method's columns as arrays, by n; a measured point comes before a derived one with equal n."""
    keys = sorted(columns, key=lambda key: (key[0], key[1] != "measured"))
    keys = [key for i, key in enumerate(keys) if i == 0 or key[0] != keys[i - 1][0]]
    places = [(columns[key], columns[key].at(shared, known)) for key in keys]
    return MethodSeries(
        method,
        tuple(k[0] for k in keys),
        tuple(k[1] for k in keys),
        np.stack([column.accuracy[at] for column, at in places], axis=1),
        np.stack([column.cost[at] for column, at in places], axis=1),
    )


def _points(stage: EvaluatedStage, cost: str, known: Known) -> PointsByMethod:
    """A stage's outcomes as columns by method and point; new problems are added to `known`."""
    paid = ("prompt_tokens", "completion_tokens") if cost == TOKENS else (cost,)
    names = (*POINT, "task", "problem_id", "cluster", "accuracy", *paid)
    parts: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for batch in read_batches(stage.folder, names):
        read = {name: batch.column(name) for name in names}
        pairs = zip(read["task"].to_pylist(), read["problem_id"].to_pylist(), strict=True)
        problem = np.array([known.setdefault(pair, len(known)) for pair in pairs], dtype=np.int32)
        spent = sum(_numbers(read[name]) for name in paid)
        numbers = (_numbers(read["accuracy"]), spent, _numbers(read["cluster"]))
        points = list(zip(*(read[name].to_pylist() for name in POINT), strict=True))
        for point in dict.fromkeys(points):
            of = np.array([p == point for p in points])
            parts.setdefault(point, []).append(tuple(column[of] for column in (problem, *numbers)))
    found, seen = PointsByMethod(), dict[bytes, Any]()
    for (strategy, scorer, ceiling, n, origin), pieces in parts.items():
        method = Method(f"{stage.name}/{strategy}", stage.name, stage.model, strategy, scorer, ceiling)
        problem, accuracy, spent, cluster = (np.concatenate(column) for column in zip(*pieces, strict=True))
        pieces.clear()
        column = PointColumn(_same(problem, seen), accuracy, spent, _same(cluster, seen))
        found.setdefault(method, {})[n, origin] = column
    return found


def _same(values: Any, seen: dict[bytes, Any]) -> Any:
    """The first array that is equal to this one, because most points have the same problems."""
    return seen.setdefault(hashlib.sha256(values).digest(), values)


def _numbers(column: Any) -> Any:
    """A column as an array, NaN for null."""
    return column.to_numpy(zero_copy_only=False)
