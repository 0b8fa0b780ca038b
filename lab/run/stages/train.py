"""The train stage: a model from corpora, or from tasks whose checker rewards it."""

from __future__ import annotations

from pathlib import Path

from lab.models import flops_model
from lab.run.execution.context import StageContext
from lab.run.stages.corpora import as_one
from lab.tasks.rewards import reward_spec
from lab.train import TrainInputs


def run(context: StageContext) -> None:
    """Write the model, its metrics and its ledger; continues from the last complete checkpoint."""
    stage, assignment = context.stage, context.assignment
    folders = [assignment.inputs.get(name) or Path(name).expanduser() for name in stage.corpora]
    inputs = TrainInputs(
        context.weights,
        corpus=as_one(folders, assignment.out / "corpora") if folders else None,
        teacher=assignment.others.get("teacher"),
        reward=reward_spec(stage.tasks, context.seed) if stage.tasks else None,
    )
    stage.method.train(
        inputs,
        out=assignment.out,
        seed=context.seed,
        flops=flops_model(context.weights),
        progress=context.progress,
    )
