"""The estimated cost of a stage and of a recipe: requests, tokens, FLOPs, time, disk, memory.

Nothing is generated and no model is loaded: plans are simulated (see `demand`), speeds come from earlier runs
or a table (see `rates`), FLOPs from the model's config. "expected" assumes a likely length of a completion,
"at most" the full `max_tokens`. Completions that are already in the bank are not subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.run.cost.demand import Demand
from lab.system.machine import Machine

GIB = 2**30


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One stage: expected tokens and FLOPs, `most_*` upper bounds, disk and memory in bytes."""

    stage: str
    kind: str
    problems: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    most_completion_tokens: int = 0
    flops: float | None = None
    seconds: float = 0.0
    most_seconds: float = 0.0
    disk: int = 0
    memory: int = 0
    speed: str = ""
    notes: tuple[str, ...] = ()

    @property
    def computes(self) -> bool:
        """Whether a model is run or trained in it."""
        return self.requests + self.problems > 0


@dataclass(frozen=True, slots=True)
class CorpusDemand:
    """The requests for a corpus, and its maximum number of rows."""

    demand: Demand
    most: int

    def __add__(self, other: CorpusDemand) -> CorpusDemand:
        return CorpusDemand(self.demand + other.demand, self.most + other.most)


@dataclass(frozen=True, slots=True)
class CostBasis:
    """The basis of a stage's estimate: where it runs, and what the stages before it make."""

    runs: Path
    machine: Machine
    trained_from: Mapping[str, str]
    """Train stage -> the model it starts from."""
    corpora: dict[str, CorpusDemand] = field(default_factory=dict)
    """Corpora of the stages before it, by name; a stage that makes one adds it."""


@dataclass(frozen=True, slots=True)
class RecipeEstimate:
    """All stages of a recipe, in order."""

    recipe: str
    stages: tuple[StageEstimate, ...]
    notes: tuple[str, ...] = field(
        default=(
            "prompt tokens are estimated as characters / 4; completions already in the "
            "bank are not subtracted",
        )
    )

    def total(self) -> dict[str, Any]:
        """Sums over the stages, FLOPs None if those of a stage are unknown; memory is the maximum, because
        stages run one after the other.
        """
        names = ("requests", "prompt_tokens", "completion_tokens", "most_completion_tokens")
        sums: dict[str, Any] = {n: sum(getattr(s, n) for s in self.stages) for n in names}
        working = [s.flops for s in self.stages if s.computes]
        sums["flops"] = None if None in working else sum(flops or 0.0 for flops in working)
        sums |= {n: sum(getattr(s, n) for s in self.stages) for n in ("seconds", "most_seconds", "disk")}
        return {**sums, "memory": max((s.memory for s in self.stages), default=0)}

    def data(self) -> dict[str, Any]:
        """As plain JSON data."""
        return {**asdict(self), "total": self.total()}
