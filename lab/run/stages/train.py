"""The train stage: a model from a corpus."""

from __future__ import annotations

from pathlib import Path

from lab.models import flops_model
from lab.run.context import StageContext


def run(context: StageContext) -> None:
    """Write the model, its metrics and its ledger; continues from the last complete checkpoint."""
    stage, assignment = context.stage, context.assignment
    stage.method.train(
        corpus=assignment.inputs.get(stage.data) or Path(stage.data),
        weights=context.weights,
        out=assignment.out,
        seed=context.seed,
        flops=flops_model(context.weights),
        progress=context.progress,
    )
