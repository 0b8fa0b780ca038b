"""The evaluate stage: every strategy on every test problem."""

from __future__ import annotations

from eval.evaluate import evaluate
from lab.run.execution.context import StageContext
from lab.run.stages.opening import opened


def run(context: StageContext) -> None:
    """Write answers, points and ledger."""
    stage, assignment = context.stage, context.assignment
    with opened(context) as parts:
        evaluate(
            run=context.recipe.name,
            stage=assignment.stage,
            model=stage.model,
            tasks=stage.tasks,
            strategies=stage.strategies,
            sampling=stage.sampling.sampling(),
            engine=parts.engine,
            bank=parts.bank,
            flops=parts.flops,
            run_seed=context.seed,
            out=assignment.out,
            progress=context.progress,
            models=parts.models,
            dev=stage.dev,
            split=stage.split,
            max_failed=stage.max_failed,
        )
