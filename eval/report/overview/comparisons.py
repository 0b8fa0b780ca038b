"""Paired comparisons on shared problems: each later model against the first, each strategy against greedy.

The numbers are those of eval/compare.py: exact where few problems (or clusters) differ, else a bootstrap;
Holm over one family.
A family is everything one table asks at once: all strategies of one pair of models, or of one model, on one
task. Ceilings are never compared: they are no result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eval.compare import compare
from eval.report.view import ALL, LoadedStage


@dataclass(frozen=True, slots=True)
class StageComparison:
    """`difference`: accuracy of (stage, strategy) minus that of (baseline_stage, baseline).

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


def stage_comparisons(stages: Sequence[LoadedStage]) -> list[StageComparison]:
    """Every comparison that a shared scored problem allows: models first, the pooled task first."""
    found: list[StageComparison] = []
    for stage in stages[1:]:
        shared = [s for s in contestants(stage) if s in contestants(stages[0])]
        found += _family("models", stages[0], stage, [(s, s) for s in shared])
    for stage in stages:
        kinds = contestants(stage)
        greedy = next((s for s, kind in kinds.items() if kind == "greedy"), None)
        if greedy is not None:
            found += _family("strategies", stage, stage, [(greedy, s) for s in kinds if s != greedy])
    return sorted(found, key=lambda c: (c.kind != "models", c.task != ALL))


def contestants(stage: LoadedStage) -> dict[str, str]:
    """Strategy label -> kind, without the ceilings."""
    return {a.strategy: a.kind for a in stage.answers if not a.ceiling and a.scorer != "oracle"}


def _family(
    kind: Literal["models", "strategies"], base: LoadedStage, other: LoadedStage, pairs: list[tuple[str, str]]
) -> list[StageComparison]:
    if not pairs:
        return []
    scorers = {a.strategy: a.scorer for a in other.answers}
    first, last = (stage.view.folder for stage in (base, other))
    return [
        StageComparison(
            kind=kind,
            task=c.task,
            stage=other.label,
            strategy=c.strategy_b,
            scorer=scorers[c.strategy_b],
            baseline_stage=base.label,
            baseline=c.strategy_a,
            difference=c.difference,
            low=c.ci_low,
            high=c.ci_high,
            p=c.p,
            p_adjusted=c.p_holm,
            problems=c.problems,
        )
        for c in compare(first, last, pairs)
    ]
