"""Statistics over finished evaluate stages: curves, ratios of compute, gaps, verifiers, coverage and more.

Reads outcomes.parquet and answers.parquet, and never runs a model. `analyse` returns one `Analysis` of plain
rows, which the report shows and which can be written as JSON. The same stages and seed give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.analysis.inputs.tables import EvaluatedStage
from eval.analysis.shape import Analysis
from eval.analysis.whole import whole
from lab.statistics.bootstrap import RESAMPLES

__all__ = ["RESAMPLES", "Analysis", "EvaluatedStage", "analyse"]


def analyse(
    stages: Sequence[EvaluatedStage],
    *,
    cost: str = "flops_shared",
    seed: int = 0,
    resamples: int = RESAMPLES,
    stated: Sequence[float] = (),
    fixed: Mapping[str, float] | None = None,
) -> Analysis:
    """Analyse finished evaluate stages.

    `cost`: the column of outcomes.parquet on the x-axis, or "tokens" (prompt and generated). `stated`:
    accuracies at which ratios are wanted besides the reference's best. `fixed`: stage name -> FLOPs of
    generating its data and training its model, for the stages that have a tuned model; the others' methods
    are their base. Raises InputError for a missing file or an unknown cost.
    """
    return whole(stages, cost=cost, seed=seed, resamples=resamples, stated=stated, fixed=fixed or {})
