"""The estimated cost of a recipe, stage by stage, and the line that a run prints about it at its start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError
from lab.run.cost.device import machine_of
from lab.run.cost.estimate import CostBasis, RecipeEstimate, StageEstimate
from lab.run.folders.layout import LATEST
from lab.run.recipe.recipe import Recipe
from lab.run.stages.base import trained_from
from lab.system.machine import Machine
from lab.system.terminal import duration

LOCAL = ("vllm", "hf")
"""Engines whose speed is that of this machine: a server's is unknown, and the fake engine is instant."""
LONG = 120.0
"""Runs that take at least this many seconds are announced."""


def estimate(recipe: Recipe, runs: Path, *, device: str | None = None) -> RecipeEstimate:
    """The cost of every stage, as if none was finished; with `device`, on another machine.

    Raises InputError if a task's data is wrong, or for an unknown device.
    """
    return RecipeEstimate(recipe.name, tuple(_stages(recipe.plain(), runs, machine_of(device))))


def _stages(recipe: Recipe, runs: Path, machine: Machine) -> Iterator[StageEstimate]:
    basis = CostBasis(runs, machine, trained_from(recipe.stages))
    for name, stage in recipe.stages.items():
        yield stage.estimate(name, recipe, basis)


def forecast(recipe: Recipe, runs: Path) -> str:
    """How long a recipe will take on this machine; "" for a short one, or for one that was started before.

    Mistakes that prevent an estimate are not reported here, because the run reports them.
    """
    plain = recipe.plain()
    engines = [recipe.engine_of(stage).kind for stage in plain.stages.values() if stage.draws]
    if (runs / recipe.name / LATEST).exists() or not set(engines) & set(LOCAL):
        return ""
    try:
        total = estimate(recipe, runs).total()
    except LabError:
        return ""
    if total["seconds"] < LONG:
        return ""
    likely, most = duration(total["seconds"]), duration(total["most_seconds"])
    return (
        f"{recipe.name}: about {likely} on this machine, at most {most}; `lab estimate` "
        "shows the time of each stage"
    )
