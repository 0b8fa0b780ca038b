"""Finished evaluate stages as arrays: problems x points for curves, samples for pools.

Methods can only be compared on problems that all of them have scored, so a `Group` (one task, or all tasks
pooled) keeps just these, in one order, with the clusters that the bootstrap resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any

from eval.analysis.shape import Method
from eval.points import COSTS, POOLED
from lab.core.errors import InputError

OUTCOMES, ANSWERS = "outcomes.parquet", "answers.parquet"


@dataclass(frozen=True, slots=True)
class Stage:
    """A finished evaluate stage: its name, its model's name, the folder with its files."""

    name: str
    model: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Series:
    """A method's points on a group's problems: `accuracy` and `cost` are (problems, points) arrays."""

    method: Method
    ns: tuple[int, ...]
    origins: tuple[str, ...]
    accuracy: Any
    cost: Any


@dataclass(frozen=True, slots=True)
class Group:
    """One task's methods on their shared problems; `clusters` are codes 0..G-1 per problem."""

    task: str
    problems: tuple[tuple[str, str], ...]
    clusters: Any
    series: tuple[Series, ...]


Column = dict[tuple[str, str], tuple[float, float, int]]
"""(task, problem id) -> accuracy, cost, cluster of one point."""
Points = dict[Method, dict[tuple[int, str], Column]]


def read_groups(stages: Sequence[Stage], cost: str) -> list[Group]:
    """Every task in order of appearance, then all pooled where there are several.

    Stages without a shared problem are grouped each on its own. Raises InputError for an unknown cost or a
    missing file.
    """
    if cost not in COSTS:
        raise InputError(f"unknown cost '{cost}': one of {', '.join(COSTS)}")
    read = [_points(stage, cost) for stage in stages]
    tasks = list(
        dict.fromkeys(t for points in read for c in points.values() for p in c.values() for t, _ in p)
    )
    groups: list[Group] = []
    for wanted in [[t] for t in tasks] + ([tasks] if len(tasks) > 1 else []):
        name = wanted[0] if len(wanted) == 1 else POOLED
        together = group(name, wanted, {m: c for points in read for m, c in points.items()})
        found = [together] if together else [group(name, wanted, points) for points in read]
        groups += [g for g in found if g is not None]
    return groups


def group(name: str, tasks: Sequence[str], points: Points) -> Group | None:
    """The methods that have all of `tasks`, on problems scored at every point; None where none is shared."""
    kept: Points = {}
    for method, by_n in points.items():
        whole = {k: c for k, c in by_n.items() if {t for t, _ in c} >= set(tasks)}
        if whole:
            kept[method] = whole
    columns = [c for of in kept.values() for c in of.values()]
    if not columns:
        return None
    shared = [key for key in columns[0] if key[0] in tasks and all(_scored(c, key) for c in columns)]
    if not shared:
        return None
    codes: dict[tuple[str, int], int] = {}
    clusters = [codes.setdefault((key[0], columns[0][key][2]), len(codes)) for key in shared]
    return Group(name, tuple(shared), _array(clusters), tuple(_series(m, c, shared) for m, c in kept.items()))


def _scored(column: Column, problem: tuple[str, str]) -> bool:
    found = column.get(problem)
    return found is not None and not isnan(found[0])


def _series(
    method: Method, columns: dict[tuple[int, str], Column], shared: Sequence[tuple[str, str]]
) -> Series:
    """One method's columns as arrays, by n; a measured point stands before a derived one of equal n."""
    keys = sorted(columns, key=lambda key: (key[0], key[1] != "measured"))
    keys = [key for i, key in enumerate(keys) if i == 0 or key[0] != keys[i - 1][0]]
    table = _array([[columns[key][problem][:2] for key in keys] for problem in shared])
    return Series(
        method, tuple(k[0] for k in keys), tuple(k[1] for k in keys), table[:, :, 0], table[:, :, 1]
    )


def _points(stage: Stage, cost: str) -> Points:
    """outcomes.parquet as columns by method and point."""
    names = [
        "task",
        "strategy",
        "scorer",
        "n",
        "origin",
        "ceiling",
        "problem_id",
        "cluster",
        "accuracy",
        cost,
    ]
    rows = read_columns(stage.folder / OUTCOMES, names)
    found: Points = {}
    for task, strategy, scorer, n, origin, ceiling, problem, cluster, accuracy, paid in zip(
        *rows, strict=True
    ):
        method = Method(f"{stage.name}/{strategy}", stage.name, stage.model, strategy, scorer, ceiling)
        column = found.setdefault(method, {}).setdefault((n, origin), {})
        column[task, problem] = (nan if accuracy is None else accuracy, paid, cluster)
    return found


def read_columns(path: Path, names: Sequence[str]) -> list[list[Any]]:
    """Columns of a parquet file as lists; raises InputError when it is missing."""
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError(f"{path}: the analysis needs this file of a finished evaluate stage")
    table = pq.read_table(path, columns=list(names))
    return [table.column(name).to_pylist() for name in names]


def _array(values: Any) -> Any:
    import numpy as np

    return np.asarray(values)
