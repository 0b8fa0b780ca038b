"""What a stage is given when it runs in its own process, and how that is written down for the process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.core.protocols import Weights
from lab.run.execution.workers import is_light
from lab.run.recipe.recipe import Recipe, loads
from lab.system.progress import Progress

BANK = "bank.sqlite"


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
    """Whether its engine died before and the stage is started again."""

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
            }
        )

    @classmethod
    def load(cls, text: str) -> Assignment:
        """What `dump` wrote."""
        data: dict[str, Any] = json.loads(text)
        weights = data["weights"] and _loaded(data["weights"])
        others = {name: _loaded(found) for name, found in data["others"].items()}
        inputs = {name: Path(path) for name, path in data["inputs"].items()}
        out, runs = Path(data["out"]), Path(data["runs"])
        rest = (weights, data["source"], others, data["again"])
        return cls(data["recipe"], data["stage"], out, runs, inputs, *rest)


def _dumped(weights: Weights) -> dict[str, str]:
    return {"name": weights.name, "path": str(weights.path), "digest": weights.digest}


def _loaded(data: dict[str, str]) -> Weights:
    return Weights(data["name"], Path(data["path"]), data["digest"])


@dataclass(frozen=True, slots=True)
class StageContext:
    """An assignment with its recipe parsed and a place to report progress to."""

    assignment: Assignment
    recipe: Recipe
    progress: Progress

    @classmethod
    def of(cls, assignment: Assignment, progress: Progress) -> StageContext:
        """Parse the assignment's recipe (complete YAML, as `render` writes it)."""
        return cls(assignment, loads(assignment.recipe, "recipe"), progress)

    @property
    def stage(self) -> Any:
        """The stage's own configuration."""
        return self.recipe.stages[self.assignment.stage]

    @property
    def seed(self) -> int:
        """The stage's seed, or else the recipe's."""
        return self.recipe.seed if self.stage.seed is None else int(self.stage.seed)

    @property
    def engine(self) -> Any:
        """The stage's engine, or else the recipe's, as it is really used."""
        return self.recipe.engine_of(self.stage)

    @property
    def light(self) -> bool:
        """Whether the stage loads no model."""
        draws = self.stage.kind in ("generate", "evaluate")
        return is_light(self.stage, self.engine if draws else None)

    @property
    def weights(self) -> Weights:
        """The model on disk; only stages with a `model` have one."""
        assert self.assignment.weights is not None
        return self.assignment.weights
