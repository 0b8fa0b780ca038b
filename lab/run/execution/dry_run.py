"""`lab run --dry-run`: which stages are finished, which would run, and the estimated time of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.formats.manifest import manifest_of
from lab.run.execution.stage_run import folder_of
from lab.run.recipe.estimate import estimate
from lab.run.recipe.recipe import Recipe
from lab.system.terminal import duration, safe


def planned(recipe: Recipe, runs: Path) -> dict[str, Any]:
    """Every stage with its state: "done", "begun", "to do"; nothing is run and nothing is written.

    A stage with an unfinished input has no folder yet, because its name depends on the result of that input.
    Rounds and seeds are shown as if all of them were run.
    """
    plain = recipe.plain()
    costs = {cost.stage: cost for cost in estimate(recipe, runs).stages}
    done: dict[str, Path] = {}
    stages, likely, most = [], 0.0, 0.0
    for name in plain.stages:
        folder = folder_of(plain, name, runs, done) if set(plain.reads(name)) <= set(done) else None
        state = "to do"
        if folder is not None and manifest_of(folder):
            done[name], state = folder, "done"
        elif folder is not None and folder.is_dir():
            state = "begun"
        left = (0.0, 0.0) if state == "done" else (costs[name].seconds, costs[name].most_seconds)
        likely, most = likely + left[0], most + left[1]
        stages.append(
            {
                "stage": name,
                "state": state,
                "what": plain.stages[name].line(plain),
                "folder": None if folder is None else str(folder),
                "seconds": left[0],
                "most_seconds": left[1],
            }
        )
    totals = {"seconds": likely, "most_seconds": most}
    return {"run": recipe.name, "folder": str(runs / recipe.name), "stages": stages, **totals}


def print_plan(plan: dict[str, Any], console: Any) -> None:
    """Prints one line per stage, and the remaining time."""
    from rich.text import Text

    width = max(len(stage["stage"]) for stage in plan["stages"])
    for stage in plan["stages"]:
        time = "" if stage["state"] == "done" else f"about {duration(stage['seconds'])}"
        text = f"{stage['state']:5}  {stage['stage']:<{width}}  {time:>12}  {stage['what']}"
        console.print(Text(safe(text)), soft_wrap=True)
    left, most = duration(plan["seconds"]), duration(plan["most_seconds"])
    console.print(Text(f"about {left} remaining on this machine, at most {most}; nothing was run"))
