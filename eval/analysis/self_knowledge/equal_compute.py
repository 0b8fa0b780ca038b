"""Self-correction compared with more samples at equal compute: majority vote, best-of-n, and one sample.

The baselines are the points of outcomes.parquet. Between two neighbouring n the accuracy is interpolated in
cost, problem by problem with the same weight. In expectation this is a random choice between the two n, with
the probability that makes the mean cost equal to the correction's. Nothing is extrapolated: if a baseline has
no point with a low or high enough cost, there is no number. One sample has one point, which is used
unchanged. Differences are paired by problem, and widened by the problems that are unknown on one side. A
correction that uses the gold is shown but never tested.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan

from eval.analysis.inputs.answers import AnswersByStrategy, StrategyAnswer, by_task
from eval.analysis.inputs.outcomes import EvaluatedStage
from eval.analysis.self_knowledge.correction import comparable, corrects
from lab.formats.outcomes import read_outcomes
from lab.statistics.bounds import bounded_difference
from lab.statistics.means import Difference, holm

UNITS = ("tokens", "flops_shared")
"""Tokens: prompt and generated. FLOPs: each distinct prefix of a problem once."""
BASELINES = ("self_consistency", "best_of_n", "weighted_self_consistency")
SAMPLE = "one sample"
GOLD = "uses the gold: not compared"

AccuracyAndCost = tuple[float, float, float]
"""Accuracy, tokens and FLOPs of one problem at one point."""


class ProblemCosts(Mapping[tuple[str, str], AccuracyAndCost]):
    """(task, problem id) -> its values, at one point. All points number their problems in one `known`."""

    def __init__(self, known: dict[tuple[str, str], int]) -> None:
        self._known = known
        self._rows = array("d")
        self._place = array("l")

    def __getitem__(self, key: tuple[str, str]) -> AccuracyAndCost:
        number = self._known[key]
        if number >= len(self._place) or (at := self._place[number]) < 0:
            raise KeyError(key)
        accuracy, tokens, flops = self._rows[3 * at : 3 * at + 3]
        return accuracy, tokens, flops

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (key for key, n in self._known.items() if n < len(self._place) and self._place[n] >= 0)

    def __len__(self) -> int:
        return len(self._rows) // 3

    def put(self, key: tuple[str, str], cell: AccuracyAndCost, *, replace: bool) -> None:
        """Adds a problem's values; `replace`: also if there are values."""
        number = self._known.setdefault(key, len(self._known))
        self._place.extend([-1] * (number + 1 - len(self._place)))
        if self._place[number] < 0:
            self._place[number] = len(self)
            self._rows.extend(cell)
        elif replace:
            at = 3 * self._place[number]
            self._rows[at : at + 3] = array("d", cell)


BaselinePoints = dict[int, ProblemCosts]
"""n -> the accuracy and cost of every problem."""


@dataclass(frozen=True, slots=True)
class EqualCompute:
    """`strategy` against `baseline` at the strategy's mean `cost` per problem in `unit`, on shared problems.

    The baseline is n = `n_low` with probability 1 - `weight` and `n_high` with probability `weight`;
    `baseline_cost` is its cost, which equals `cost` except for one sample. `missing` is why there is no
    baseline accuracy or no test. `difference` is the strategy's accuracy minus the baseline's. Holm's p is
    over the intrinsic methods of one task, baseline and unit.
    """

    task: str
    stage: str
    strategy: str
    ceiling: bool
    baseline: str
    unit: str
    problems: int
    cost: float
    accuracy: float
    n_low: int | None = None
    n_high: int | None = None
    weight: float | None = None
    baseline_cost: float | None = None
    baseline_accuracy: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Mix:
    """A baseline at one budget: the accuracy per problem, and the two n of the mixture; or why there is
    none.
    """

    accuracy: tuple[float, ...] = ()
    n_low: int = 0
    n_high: int = 0
    weight: float = 0.0
    cost: float = 0.0
    missing: str = ""


def equal_compute_of(
    stage: EvaluatedStage, replies: AnswersByStrategy, *, seed: int = 0
) -> list[EqualCompute]:
    """A row per task, correcting method, baseline and unit; [] without corrections.

    Raises InputError if outcomes.parquet is missing.
    """
    mine = {s: rows for s, rows in replies.items() if corrects(rows)}
    if not mine:
        return []
    curves = read_baselines(stage, replies)
    found: list[EqualCompute] = []
    for task, methods in by_task(mine):
        for name, points in curves.items():
            for unit in UNITS:
                pairs = [
                    _against(task, stage.name, rows, name, points, unit, seed) for rows in methods.values()
                ]
                found += _adjusted([pair for pair in pairs if pair is not None])
    return found


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is read of an outcome."""

    strategy: str
    n: int
    origin: str
    ceiling: bool
    task: str
    problem_id: str
    accuracy: float | None
    prompt_tokens: float
    completion_tokens: float
    flops_shared: float | None


def read_baselines(stage: EvaluatedStage, replies: AnswersByStrategy) -> dict[str, BaselinePoints]:
    """Baseline -> its points, without ceilings; `one sample` is that of `sample`, else of the first pool."""
    kinds = {rows[0].curve: rows[0].kind for rows in replies.values()}
    curves: dict[str, BaselinePoints] = {}
    known: dict[tuple[str, str], int] = {}
    for row in read_outcomes(stage.folder, _Outcome):
        single = row.strategy == "sample" and row.n == 1
        if row.ceiling or not (single or kinds.get(row.strategy) in BASELINES):
            continue
        points = curves.setdefault(SAMPLE if single else row.strategy, {}).setdefault(
            row.n, ProblemCosts(known)
        )
        cell = (_defined(row.accuracy), row.prompt_tokens + row.completion_tokens, _defined(row.flops_shared))
        points.put((row.task, row.problem_id), cell, replace=row.origin == "measured")
    pools = [points for name, points in curves.items() if name != SAMPLE and 1 in points]
    if SAMPLE not in curves and pools:
        curves[SAMPLE] = {1: pools[0][1]}
    return curves


def at_cost(
    points: Mapping[int, Sequence[tuple[float, float]]], budget: float, *, single: bool = False
) -> Mix:
    """The baseline at `budget`: `points` is n -> (accuracy, cost) of every problem, in one order.

    `single`: a baseline with one point, which is used unchanged. The n with the nearest mean costs below and
    above the budget are mixed; at exactly the cost of a point it is that point.
    """
    if not points:
        return Mix(missing="has no points")
    costs = {n: sum(cost for _, cost in cells) / len(cells) for n, cells in points.items()}
    if single:
        n = min(points)
        return Mix(tuple(a for a, _ in points[n]), n, n, 0.0, costs[n])
    below = [n for n in points if costs[n] <= budget * (1 + 1e-9)]
    above = [n for n in points if costs[n] >= budget * (1 - 1e-9)]
    if not below:
        return Mix(missing=f"n = {min(points, key=costs.__getitem__)} already costs more")
    if not above:
        return Mix(missing=f"n = {max(points, key=costs.__getitem__)} still costs less")
    low, high = max(below, key=costs.__getitem__), min(above, key=costs.__getitem__)
    gap = costs[high] - costs[low]
    weight = min(1.0, max(0.0, (budget - costs[low]) / gap)) if gap > 0 else 0.0
    mixed = zip(points[low], points[high], strict=True)
    accuracy = tuple((1 - weight) * a + weight * b for (a, _), (b, _) in mixed)
    return Mix(accuracy, low, high, weight, costs[low] + weight * gap)


def _against(
    task: str,
    stage: str,
    every: Sequence[StrategyAnswer],
    name: str,
    points: BaselinePoints,
    unit: str,
    seed: int,
) -> tuple[EqualCompute, Difference | None] | None:
    """One row and its test; None if the baseline did not answer this task, or if a cost is unknown."""
    tasks = {r.task for r in every}
    whole = {n: cells for n, cells in points.items() if tasks <= {t for t, _ in cells}}
    rows = [r for r in comparable(every) if all(_scored(cells, r.key) for cells in whole.values())]
    if not whole or not rows:
        return None
    column = 1 + UNITS.index(unit)
    paid = [r.tokens if unit == "tokens" else r.flops for r in rows]
    budget, right, scored = sum(paid) / len(rows), [r.correct for r in rows], {r.key for r in rows}
    if isnan(budget) or any(isnan(cells[r.key][column]) for cells in whole.values() for r in rows):
        return None  # the FLOPs of a model behind a server are unknown
    table = {n: [(cells[r.key][0], cells[r.key][column]) for r in rows] for n, cells in whole.items()}
    mix = at_cost(table, budget, single=name == SAMPLE)
    head = (task, stage, rows[0].strategy, rows[0].ceiling, name, unit, len(rows), budget, _mean(right))
    if mix.missing:
        return EqualCompute(*head, missing=mix.missing), None
    said = (mix.n_low, mix.n_high, mix.weight, mix.cost, _mean(mix.accuracy))
    if rows[0].ceiling:
        return EqualCompute(*head, *said, missing=GOLD), None
    unknown = [r for r in every if r.key not in scored and all(r.key in cells for cells in whole.values())]
    theirs = [*mix.accuracy, *(_at(mix, whole, r.key) for r in unknown)]
    mine = [*right, *(r.correct if comparable([r]) else nan for r in unknown)]
    d = bounded_difference(theirs, mine, [r.group for r in (*rows, *unknown)], seed=seed)
    return EqualCompute(*head, *said, d.mean, d.low, d.high, d.p), d


def _at(mix: Mix, points: BaselinePoints, key: tuple[str, str]) -> float:
    """The baseline's expected accuracy on one more problem; NaN if it is unknown."""
    low, high = points[mix.n_low][key][0], points[mix.n_high][key][0]
    return (1 - mix.weight) * low + mix.weight * high


def _adjusted(pairs: Sequence[tuple[EqualCompute, Difference | None]]) -> list[EqualCompute]:
    """The rows with Holm's p over those that were tested."""
    adjusted = iter(holm([d.p for _, d in pairs if d is not None]))
    return [row if d is None else replace(row, p_holm=next(adjusted)) for row, d in pairs]


def _defined(value: float | None) -> float:
    return nan if value is None else value


def _scored(cells: ProblemCosts, key: tuple[str, str]) -> bool:
    return key in cells and not isnan(cells[key][0])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
