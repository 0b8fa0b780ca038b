"""What a stage is given when it runs in its own process, and how that is written down for the process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core.progress import Progress
from lab.core.protocols import Weights
from lab.run.recipe import Recipe, loads

BANK = "bank.sqlite"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One stage to run. `inputs` are the finished directories it reads, by stage name."""

    recipe: str
    stage: str
    out: Path
    runs: Path
    inputs: dict[str, Path]
    weights: Weights | None
    source: str

    def dump(self) -> str:
        """As JSON, for the worker's standard input."""
        weights = self.weights and {
            "name": self.weights.name,
            "path": str(self.weights.path),
            "digest": self.weights.digest,
        }
        return json.dumps(
            {
                "recipe": self.recipe,
                "stage": self.stage,
                "out": str(self.out),
                "runs": str(self.runs),
                "inputs": {name: str(path) for name, path in self.inputs.items()},
                "weights": weights,
                "source": self.source,
            }
        )

    @classmethod
    def load(cls, text: str) -> Assignment:
        """What `dump` wrote."""
        data: dict[str, Any] = json.loads(text)
        weights = data["weights"] and Weights(
            data["weights"]["name"], Path(data["weights"]["path"]), data["weights"]["digest"]
        )
        inputs = {name: Path(path) for name, path in data["inputs"].items()}
        out, runs = Path(data["out"]), Path(data["runs"])
        return cls(data["recipe"], data["stage"], out, runs, inputs, weights, data["source"])


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
        """The stage's engine, or else the recipe's."""
        return self.stage.engine or self.recipe.engine

    @property
    def weights(self) -> Weights:
        """The model on disk; only stages with a `model` have one."""
        assert self.assignment.weights is not None
        return self.assignment.weights
