"""What a run will take, in one line before it begins: so that nobody waits without knowing for how long."""

from __future__ import annotations

from pathlib import Path

from lab.errors import LabError
from lab.run.execution.console import duration
from lab.run.execution.rundir import LATEST
from lab.run.recipe.recipe import Recipe

LOCAL = ("vllm", "hf")
"""Engines whose speed is this machine's: a server's is unknown, and the fake engine is instant."""
LONG = 120.0
"""Seconds from which on a run is worth a word."""


def forecast(recipe: Recipe, runs: Path) -> str:
    """How long a recipe will take on this machine; "" for a short one, or one that was begun before.

    What cannot be estimated is not told: a recipe's mistakes are the run's to report.
    """
    plain = recipe.plain()
    drawing = [s for s in plain.stages.values() if s.kind in ("generate", "evaluate")]
    if (runs / recipe.name / LATEST).exists() or not any(_local(recipe, stage) for stage in drawing):
        return ""
    from lab.run.cost.estimate import estimate

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


def _local(recipe: Recipe, stage: object) -> bool:
    return recipe.engine_of(stage).kind in LOCAL
