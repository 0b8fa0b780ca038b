"""The train stage: a model from corpora."""

from __future__ import annotations

from pathlib import Path

from lab.models import flops_model
from lab.run.context import StageContext
from lab.run.corpora import as_one
from lab.train import TrainInputs


def run(context: StageContext) -> None:
    """Write the model, its metrics and its ledger; continues from the last complete checkpoint."""
    stage, assignment = context.stage, context.assignment
    folders = [assignment.inputs.get(name) or Path(name).expanduser() for name in stage.corpora]
    stage.method.train(
        TrainInputs(context.weights, as_one(folders, assignment.out / "corpora")),
        out=assignment.out,
        seed=context.seed,
        flops=flops_model(context.weights),
        progress=context.progress,
    )
