"""`lab check RECIPE...`: every recipe's mistakes, or one line for each of its stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from lab.errors import InputError
from lab.run.recipe.recipe import Recipe, load, render
from lab.system.terminal import safe, safe_json


def parted(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The recipes, with those in folders, and the changes `stage.key=value` among arguments.

    Raises InputError for a folder without recipes, and for changes to none or more than one recipe.
    """
    changes = [text for text in arguments if "=" in text and not Path(text).expanduser().exists()]
    paths = [Path(text).expanduser() for text in arguments if text not in changes]
    found: list[Path] = []
    for path in paths:
        inside = sorted((*path.rglob("*.yaml"), *path.rglob("*.yml"))) if path.is_dir() else [path]
        if not inside:
            raise InputError("no recipe (*.yaml) in this folder", where=str(path))
        found += inside
    if not found or (changes and len(found) > 1):
        raise InputError(
            f"changes (stage.key=value) need exactly one recipe, found {len(found)}",
            where=f"argument '{changes[0]}'",
        )
    return found, changes


def check_all(
    paths: Sequence[Path], changes: Sequence[str] = (), *, json: bool, full: bool, data: bool = False
) -> bool:
    """Check each recipe (`data`: with its local files) and print what was found; True if all are fine."""
    results = []
    for path in paths:
        try:
            recipe = load(path, changes, data=data)
        except InputError as error:
            results.append({"recipe": str(path), "ok": False, "mistakes": str(error).splitlines()})
            if not json:
                typer.echo(safe(str(error)), err=True)
            continue
        plain = recipe.plain()
        plan = {name: line(plain, name) for name in plain.stages}
        missing = [text for stage in plain.stages.values() for text in left_out(stage)] if data else []
        results.append({"recipe": str(path), "ok": True, "stages": plan, "left_out": missing})
        if not json:
            lines = [f"{path}: ok", *_lines(plan), *(f"  ! {text}" for text in missing)]
            typer.echo(render(recipe) if full else safe("\n".join(lines)))
    if json:
        typer.echo(safe_json(results))
    return all(r["ok"] for r in results)


def _lines(plan: dict[str, str]) -> list[str]:
    width = max(map(len, plan))
    return [f"  {name:<{width}}  {text}" for name, text in plan.items()]


def left_out(stage: Any) -> list[str]:
    """One line for each task of a stage that leaves files out."""
    from lab.tasks.documents.source import left_out

    return [text for task in getattr(stage, "tasks", ()) if (text := left_out(task))]


def line(recipe: Recipe, name: str) -> str:
    """What a stage will do, in one line."""
    stage: Any = recipe.stages[name]
    if stage.kind == "report":
        return f"report on {', '.join(stage.of)}"
    if stage.kind == "train":
        source = ", ".join(stage.corpora or [_task(t) for t in stage.tasks])
        taught = f", taught by {stage.teacher}" if stage.teacher else ""
        return f"train {stage.model} on {source} with {stage.method.kind}{taught}"
    engine = recipe.engine_of(stage).kind
    tasks = ", ".join(_task(t) for t in stage.tasks)
    if stage.kind == "generate":
        filters = ", ".join(f.kind for f in stage.filters) or "no filters"
        return f"generate with {stage.model} on {engine}: {tasks}; {stage.method.kind}; {filters}"
    ways = ", ".join(s.label for s in stage.strategies)
    split = ", dev split" if stage.split == "dev" else ""
    return f"evaluate {stage.model} on {engine}{split}: {tasks}; {ways}"


def _task(task: Any) -> str:
    limit = getattr(task, "limit", None)
    return f"{task.label} ({limit})" if limit else str(task.label)
