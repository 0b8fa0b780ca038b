"""Paired differences between two sets of answers, on the problems that both have.

Reads only the answers of finished stages, so they can be compared at any time. A problem counts by its final
answer (for `sample`, by the mean of its pool). A problem without a scored answer on one side (it failed, or
the checker cannot judge it) is left out of the accuracies and widens the interval: from all of them wrong for
B and right for A to the opposite. Holm's correction covers the strategies compared within a task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path

from lab.formats.answers import read_answers
from lab.formats.points import POOLED
from lab.statistics.bootstrap import RESAMPLES
from lab.statistics.bounds import bounded_difference
from lab.statistics.means import Difference, holm

Results = dict[tuple[str, str], dict[str, tuple[float, str]]]
"""(task, strategy) -> problem id -> (correctness in [0, 1], NaN for an unscored one; cluster)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """B minus A on `problems` shared problems of a task: accuracies, 95 % interval, p and Holm's p."""

    task: str
    strategy_a: str
    strategy_b: str
    problems: int
    accuracy_a: float
    accuracy_b: float
    difference: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float


def compare(
    a: Path,
    b: Path,
    pairs: Sequence[tuple[str, str]] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Comparison]:
    """Compares the answers of two stages' folders (which may be the same); tasks in order, then all of them
    pooled.

    `pairs` are (strategy in a, strategy in b); None pairs every strategy with itself. Tasks or strategies
    that one side lacks are left out, so the list may be empty.
    """
    left = read_results(a)
    right = left if a == b else read_results(b)
    tasks = [t for t in dict.fromkeys(t for t, _ in left) if any(t == u for u, _ in right)]
    wanted = pairs if pairs is not None else [(s, s) for s in dict.fromkeys(s for _, s in left)]
    found: list[Comparison] = []
    for group in [[t] for t in tasks] + ([tasks] if len(tasks) > 1 else []):
        found += _compare_tasks(group, left, right, wanted, seed, resamples)
    return found


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A candidate of `_Answer`."""

    correct: bool | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """The columns of an answer that are read."""

    task: str
    strategy: str
    problem_id: str
    cluster: str
    kind: str
    correct: bool | None
    failed: bool
    candidates: list[_Candidate]


def read_results(folder: Path) -> Results:
    """Per-problem correctness of a stage's answers, NaN for a problem without a scored answer."""
    results: Results = {}
    ids, values = dict[str, str](), dict[tuple[float, str], tuple[float, str]]()  # equal ones are one object
    for row in read_answers(folder, _Answer):
        value, key = _correctness(row), (row.task, row.strategy)
        id, pair = row.problem_id, (value, row.cluster)
        results.setdefault(key, {})[ids.setdefault(id, id)] = values.setdefault(pair, pair)
    return results


def paired(
    a: dict[str, tuple[float, str]],
    b: dict[str, tuple[float, str]],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float, Difference]:
    """(accuracy of a, accuracy of b, b minus a) over the problems that both have, with their clusters.

    The means are over the problems that are scored on both sides; the others widen the interval.
    """
    shared = [id for id in a if id in b]
    left, right = ([side[id][0] for id in shared] for side in (a, b))
    names = [a[id][1] for id in shared]
    found = bounded_difference(left, right, names, seed=seed, resamples=resamples)
    scored = [pair for pair in zip(left, right, strict=True) if not any(map(isnan, pair))]
    return _mean([mine for mine, _ in scored]), _mean([theirs for _, theirs in scored]), found


def _compare_tasks(
    tasks: Sequence[str],
    left: Results,
    right: Results,
    pairs: Iterable[tuple[str, str]],
    seed: int,
    resamples: int,
) -> list[Comparison]:
    """One comparison per pair over these tasks' problems together, with Holm's p over the pairs."""
    rows = []
    for of_a, of_b in pairs:
        mine, theirs = _pooled(left, tasks, of_a), _pooled(right, tasks, of_b)
        before, after, d = paired(mine, theirs, seed=seed, resamples=resamples)
        if d.n:
            rows.append((of_a, of_b, before, after, d))
    adjusted = holm([d.p for *_, d in rows])
    task = tasks[0] if len(tasks) == 1 else POOLED
    return [
        Comparison(task, s, t, d.n, before, after, d.mean, d.low, d.high, d.p, p)
        for (s, t, before, after, d), p in zip(rows, adjusted, strict=True)
    ]


def _pooled(results: Results, tasks: Sequence[str], strategy: str) -> dict[str, tuple[float, str]]:
    """One strategy's problems over several tasks; ids and clusters include the task."""
    return {
        f"{task}\x1f{id}": (value, f"{task}\x1f{cluster}")
        for task in tasks
        for id, (value, cluster) in results.get((task, strategy), {}).items()
    }


def _correctness(row: _Answer) -> float:
    """1 or 0 for the answer; the mean of the pool for `sample`; NaN if it failed or is unscored."""
    if row.failed:
        return nan
    if row.kind != "sample" or not row.candidates:
        return nan if row.correct is None else float(row.correct)
    marks = [c.correct for c in row.candidates]
    known = [mark for mark in marks if mark is not None]
    return nan if len(known) < len(marks) else sum(known) / len(marks)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
