"""Paired comparisons on shared problems: each later model against the first, each strategy against greedy.

The unit is the problem (eval/statistics.py: bootstrap over problems or clusters, then Holm over one
family). A family is everything one table asks at once: all strategies of one pair of models, or of one
model, on one task. Unscored answers leave the pair; failed ones count as wrong. Ceilings are not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval.report.view import ALL, AnswerRow, Stage
from eval.statistics import holm, paired_bootstrap

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`difference` is accuracy of (stage, strategy) minus that of (baseline_stage, baseline), `problems` shared.

    `kind` "models": the same strategy in two stages; "strategies": two strategies in one stage.
    """

    kind: Literal["models", "strategies"]
    task: str
    stage: str
    strategy: str
    scorer: str
    baseline_stage: str
    baseline: str
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float
    problems: int


def compare(stages: Sequence[Stage]) -> list[Comparison]:
    """Every comparison that at least one shared scored problem allows: models first, then strategies."""
    tasks = list(dict.fromkeys(a.task for s in stages for a in s.answers))
    found: list[Comparison] = []
    for task in [ALL, *tasks] if len(tasks) > 1 else tasks:
        for stage in stages[1:]:
            found += _corrected(_models(stages[0], stage, task))
        for stage in stages:
            found += _corrected(_strategies(stage, task))
    return sorted(found, key=lambda c: c.kind != "models")


def _models(before: Stage, after: Stage, task: str) -> list[Comparison]:
    first, last = _contestants(before, task), _contestants(after, task)
    shared = [s for s in last if s in first]
    return [
        result
        for s in shared
        if (result := _pair("models", task, (before.label, s, first[s]), (after.label, s, last[s])))
    ]


def _strategies(stage: Stage, task: str) -> list[Comparison]:
    rows = _contestants(stage, task)
    greedy = next((s for s, answers in rows.items() if answers[0].kind == "greedy"), None)
    if greedy is None:
        return []
    base = (stage.label, greedy, rows[greedy])
    others = [s for s in rows if s != greedy]
    return [r for s in others if (r := _pair("strategies", task, base, (stage.label, s, rows[s])))]


def _contestants(stage: Stage, task: str) -> dict[str, list[AnswerRow]]:
    """Strategy label -> its answers on the task, without ceilings."""
    groups = {s: [a for a in rows if task in (a.task, ALL)] for s, rows in stage.by_strategy().items()}
    return {s: rows for s, rows in groups.items() if rows and not rows[0].ceiling and rows[0].scorer != "oracle"}


Side = tuple[str, str, list[AnswerRow]]


def _pair(kind: Literal["models", "strategies"], task: str, base: Side, other: Side) -> Comparison | None:
    first, last = _scored(base[2]), _scored(other[2])
    shared = [key for key in first if key in last]
    if not shared:
        return None
    result = paired_bootstrap(
        [first[k][0] for k in shared], [last[k][0] for k in shared], [first[k][1] for k in shared]
    )
    return Comparison(
        kind=kind,
        task=task,
        stage=other[0],
        strategy=other[1],
        scorer=other[2][0].scorer,
        baseline_stage=base[0],
        baseline=base[1],
        difference=result.mean,
        low=result.low,
        high=result.high,
        p=result.p,
        p_adjusted=result.p,
        problems=result.n,
    )


def _scored(rows: Sequence[AnswerRow]) -> dict[Key, tuple[float, Key]]:
    """Problem -> (1 right, 0 wrong or failed; cluster), without the unscored."""
    return {
        row.key: (float(bool(row.correct)), (row.task, row.cluster))
        for row in rows
        if row.correct is not None or row.failed
    }


def _corrected(family: list[Comparison]) -> list[Comparison]:
    adjusted = holm([c.p for c in family])
    return [replace(c, p_adjusted=p) for c, p in zip(family, adjusted, strict=True)]
