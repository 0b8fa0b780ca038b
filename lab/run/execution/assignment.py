"""The assignment of a stage that runs in its own process, and its serialisation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.core.protocols import Weights
from lab.run.cluster.config import RayCluster
from lab.run.recipe.recipe import loads
from lab.run.stages.base import StageKind
from lab.run.stages.context import StageContext
from lab.system.progress import Progress


@dataclass(frozen=True, slots=True)
class Assignment:
    """One stage to run. `inputs` are the finished directories it reads, by stage name; `others` the weights
    of an evaluate stage's further models."""

    recipe: str
    stage: str
    out: Path
    runs: Path
    inputs: dict[str, Path]
    weights: Weights | None
    source: str
    others: dict[str, Weights] = field(default_factory=dict)
    again: bool = False
    """Whether its engine crashed before and the stage is restarted."""
    cluster: RayCluster | None = None
    """The Ray cluster on which it runs; None for this process."""

    def dump(self) -> str:
        """As JSON, for the worker's standard input."""
        return json.dumps(
            {
                "recipe": self.recipe,
                "stage": self.stage,
                "out": str(self.out),
                "runs": str(self.runs),
                "inputs": {name: str(path) for name, path in self.inputs.items()},
                "weights": self.weights and _dumped(self.weights),
                "source": self.source,
                "others": {name: _dumped(weights) for name, weights in self.others.items()},
                "again": self.again,
                "cluster": self.cluster and self.cluster.model_dump(),
            }
        )

    @classmethod
    def load(cls, text: str) -> Assignment:
        """Reads the output of `dump`."""
        data: dict[str, Any] = json.loads(text)
        weights = data["weights"] and _loaded(data["weights"])
        others = {name: _loaded(found) for name, found in data["others"].items()}
        inputs = {name: Path(path) for name, path in data["inputs"].items()}
        out, runs = Path(data["out"]), Path(data["runs"])
        cluster = data["cluster"] and RayCluster.model_validate(data["cluster"])
        rest = (weights, data["source"], others, data["again"], cluster)
        return cls(data["recipe"], data["stage"], out, runs, inputs, *rest)


def _dumped(weights: Weights) -> dict[str, str]:
    return {"name": weights.name, "path": str(weights.path), "digest": weights.digest}


def _loaded(data: dict[str, str]) -> Weights:
    return Weights(data["name"], Path(data["path"]), data["digest"])


def context_of(assignment: Assignment, progress: Progress) -> tuple[StageKind, StageContext]:
    """The stage of an assignment, from its recipe (complete YAML, as written by `render`), and its
    context.
    """
    recipe = loads(assignment.recipe, "recipe")
    stage = recipe.stages[assignment.stage]
    seed = recipe.resolved(assignment.stage).get("seed")
    context = StageContext(
        run=recipe.name,
        name=assignment.stage,
        out=assignment.out,
        runs=assignment.runs,
        seed=recipe.seed if seed is None else int(seed),
        engine=recipe.engine_of(stage),
        progress=progress,
        light=stage.light(recipe),
        inputs=assignment.inputs,
        loaded=assignment.weights,
        others=assignment.others,
        source=assignment.source,
    )
    return stage, context
