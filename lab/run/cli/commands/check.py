"""`lab check RECIPE...`: every mistake of recipes, or one line for each of their stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lab.errors import InputError
from lab.run.cli.options import Json
from lab.system.terminal import safe, safe_json


def check(
    recipes: Annotated[
        list[str],
        typer.Argument(
            help=("Recipes, or folders of recipes. After a single recipe, changes as stage.key=value.")
        ),
    ],
    json_: Json = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print the complete recipe, with all defaults.")
    ] = False,
    data: Annotated[bool, typer.Option("--data", help="Also read the tasks' local data files.")] = False,
) -> None:
    """Find every mistake in recipes, with its line."""
    paths, changes = parted(recipes)
    if not check_all(paths, changes, json=json_, full=full, data=data):
        raise typer.Exit(2)


def parted(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The recipes, including those in folders, and the changes `stage.key=value` among arguments.

    Raises InputError for a folder without recipes, and for changes with no recipe or more than one.
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
    """Checks each recipe (`data`: with its local files) and prints the result; True if all are fine."""
    from lab.run.recipe.recipe import load, render
    from lab.tasks.documents.source import left_out

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
        plan = {name: stage.line(plain) for name, stage in plain.stages.items()}
        tasks = [task for stage in plain.stages.values() for task in stage.problem_sources()]
        missing = [text for task in tasks if (text := left_out(task))] if data else []
        cluster = recipe.cluster.line()
        entry = {"recipe": str(path), "ok": True, "stages": plan, "left_out": missing}
        results.append(entry | ({"cluster": cluster} if cluster else {}))
        if not json:
            where = [f"  its generate and evaluate stages run {cluster}"] if cluster else []
            lines = [f"{path}: ok", *_lines(plan), *where, *(f"  ! {text}" for text in missing)]
            typer.echo(render(recipe) if full else safe("\n".join(lines)))
    if json:
        typer.echo(safe_json(results))
    return all(r["ok"] for r in results)


def _lines(plan: dict[str, str]) -> list[str]:
    width = max(map(len, plan))
    return [f"  {name:<{width}}  {text}" for name, text in plan.items()]
