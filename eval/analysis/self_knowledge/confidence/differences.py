"""Paired differences between the confidence metrics of two methods, on the answers that both gave.

All methods use the same resamples of problems, so the differences are paired. Answers that are unknown on one
side widen them: at one end they favour the confidence of one method and not that of the other, at the other
end the reverse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from eval.analysis.inputs.answers import AnswersByStrategy, StrategyAnswer, by_task, shared
from eval.analysis.inputs.confident_answers import confident_answers, worlds_of
from eval.analysis.self_knowledge.confidence import resampled as over
from eval.analysis.self_knowledge.confidence.intervals import ends_of
from eval.analysis.self_knowledge.confidence.selective_prediction import Statistics, joined, resampled
from eval.analysis.self_knowledge.estimate import known, weights_of
from lab.statistics.bootstrap import RESAMPLES, Draws, significance, together
from lab.statistics.bounds import hull
from lab.statistics.means import holm

MANY = 10
METRICS: Statistics = {"auroc": over.auroc, "aurc": over.aurc, "prr": over.prr}
"""The metrics that are compared."""


@dataclass(frozen=True, slots=True)
class SelectiveDifference:
    """`metric` (auroc, aurc, prr) of `strategy` minus that of `reference`, on the answers that both gave.

    Holm's p is over the pairs of one task, stage and metric.
    """

    task: str
    stage: str
    strategy: str
    reference: str
    metric: str
    answers: int
    difference: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None


def differences_of(
    stage: str, replies: AnswersByStrategy, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[SelectiveDifference]:
    """Every pair of a stage's methods without ceilings, by task; of more than MANY methods each with the
    first.

    A metric that is undefined for one of the two has no row.
    """
    found: list[SelectiveDifference] = []
    for task, methods in by_task(replies):
        sure = [s for s, rows in methods.items() if len(confident_answers(rows)) > 1 and not rows[0].ceiling]
        pairs = list(combinations(sure, 2)) if len(sure) <= MANY else [(sure[0], s) for s in sure[1:]]
        drawn = _paired([(methods[a], methods[b]) for a, b in pairs], seed, resamples)
        named = [(*pair, *values) for pair, values in zip(pairs, drawn, strict=True)]
        for metric in METRICS:
            rows = [(b, a, n, values[metric]) for a, b, n, values in named if metric in values]
            adjusted = holm([values[3] for *_, values in rows])
            for (strategy, reference, n, values), p in zip(rows, adjusted, strict=True):
                low, high, single = map(known, values[1:])
                head = (task, stage, strategy, reference, metric, n, values[0])
                found.append(SelectiveDifference(*head, low, high, single, known(p)))
    return found


@dataclass(frozen=True, slots=True)
class _Side:
    """One method's answers to the problems that another has answered, too."""

    correct: Any
    confidence: Any
    drawn: Draws


SideKey = tuple[Any, ...]
"""A method, the problems, and its answers to them."""
MetricDifferences = dict[str, tuple[float, float, float, float]]
"""Metric -> difference, low, high, p."""


def _paired(
    pairs: Sequence[tuple[Sequence[StrategyAnswer], Sequence[StrategyAnswer]]], seed: int, resamples: int
) -> list[tuple[int, MetricDifferences]]:
    """Per pair (a, b): answers that both gave, and b - a."""
    sides: dict[SideKey, _Side] = {}
    names = [
        [_sides(sides, a, b, seed, resamples) for a, b in [(first, second), *_opposed(first, second)]]
        for first, second in pairs
    ]
    drawn = _resampled_sides(sides)
    found = [
        [_differences(drawn[a], drawn[b], sides[a], sides[b]) if n > 1 else {} for n, a, b in worlds]
        for worlds in names
    ]
    return [(n, _outermost(*found)) for ((n, *_), *_), found in zip(names, found, strict=True)]


def _opposed(
    a: Sequence[StrategyAnswer], b: Sequence[StrategyAnswer]
) -> Iterator[tuple[list[StrategyAnswer], list[StrategyAnswer]]]:
    """Both sides with unknown answers that favour the confidence of one and not that of the other."""
    mine, theirs = worlds_of(a), worlds_of(b)
    if mine or theirs:
        good, bad = mine[:2] or [list(a)], mine[2:] or [list(a)]
        well, ill = theirs[:2] or [list(b)], theirs[2:] or [list(b)]
        yield from (*product(good, ill), *product(bad, well))


def _sides(
    sides: dict[SideKey, _Side],
    a: Sequence[StrategyAnswer],
    b: Sequence[StrategyAnswer],
    seed: int,
    resamples: int,
) -> tuple[int, SideKey, SideKey]:
    """The number of answers that both gave, and the names of the two in `sides`."""
    both = shared(confident_answers(a), confident_answers(b))
    drawn = weights_of([first.group for first, _ in both], seed, resamples)
    keys: list[SideKey] = []
    for rows in zip(*both, strict=True) if len(both) > 1 else ((), ()):
        keys.append(tuple((r.strategy, r.key, r.correct, r.confidence) for r in rows))
        sides.setdefault(keys[-1], _side(rows, drawn))
    return len(both), keys[0], keys[1]


def _outermost(found: MetricDifferences, *worlds: MetricDifferences) -> MetricDifferences:
    """The differences with the outermost ends; p is the largest, 1 if the worlds have different signs."""
    return {
        metric: _outer(row, [world[metric] for world in worlds if metric in world])
        for metric, row in found.items()
    }


def _outer(
    row: tuple[float, float, float, float], worlds: Sequence[tuple[float, float, float, float]]
) -> tuple[float, float, float, float]:
    value, p = row[0], max(r[3] for r in (row, *worlds))
    agree = all(r[0] * value > 0 for r in worlds)
    return value, *hull([r[1:3] for r in (row, *worlds)]), (p if agree else 1.0)


def _side(rows: Sequence[StrategyAnswer], drawn: Draws) -> _Side:
    import numpy as np

    return _Side(np.array([r.correct for r in rows]), np.array([r.confidence for r in rows]), drawn)


def _resampled_sides(sides: Mapping[SideKey, _Side]) -> dict[SideKey, dict[str, Any]]:
    """The metrics of every side in all resamples; sides with equally many groups share the resamples."""
    found: dict[SideKey, dict[str, Any]] = {}
    for groups in dict.fromkeys(side.drawn.groups for side in sides.values()):
        mine = {name: side for name, side in sides.items() if side.drawn.groups == groups}
        parts: dict[SideKey, list[dict[str, Any]]] = {name: [] for name in mine}
        for block in next(iter(mine.values())).drawn.clusters():
            for name, side in mine.items():
                counts = block[:, side.drawn.of]
                parts[name].append(resampled(side.correct, side.confidence, counts, METRICS))
        found |= {name: joined(part) for name, part in parts.items()}
    return found


def _differences(
    first: Mapping[str, Any], second: Mapping[str, Any], a: _Side, b: _Side
) -> MetricDifferences:
    """Metric -> second - first with its interval and p; an undefined one is left out.

    0 is outside the interval exactly if p < 0.05: if the two disagree, the more conservative one is used.
    """
    import numpy as np

    found, sizes = {}, np.bincount(a.drawn.of)
    for metric in METRICS:
        old, new = first[metric], second[metric]
        if new[0] - old[0] == new[0] - old[0]:
            ends = [ends_of(metric, v, int(side.correct.sum()), sizes) for v, side in ((new, b), (old, a))]
            low, high = together(new, old, *ends)
            p = significance((new - old)[1:], a.drawn.groups)
            if p < 0.05 and low <= 0 <= high:
                p = 0.05
            if p >= 0.05:
                low, high = min(low, 0.0), max(high, 0.0)
            found[metric] = (float(new[0] - old[0]), low, high, p)
    return found
