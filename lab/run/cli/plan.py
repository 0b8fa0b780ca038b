"""`lab check` and `lab estimate`: what a recipe would do and cost, before anything runs."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.run.cli.options import RUNS, Changes, Json, RecipeArgument, Runs
from lab.run.cli.output import console, print_json


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
    from lab.run.check.checking import check_all, parted

    paths, changes = parted(recipes)
    if not check_all(paths, changes, json=json_, full=full, data=data):
        raise typer.Exit(2)


def estimate(
    recipe: RecipeArgument,
    changes: Changes = None,
    runs: Runs = RUNS,
    device: Annotated[
        str | None,
        typer.Option("--device", help=("Estimate for another machine: cpu, or a GPU such as h100.")),
    ] = None,
    json_: Json = False,
) -> None:
    """Estimate the cost of a recipe: tokens, FLOPs, time and disk space."""
    from lab.run.cost import estimate as estimating
    from lab.run.cost.estimate_table import table
    from lab.run.recipe.recipe import load

    result = estimating.estimate(load(recipe, changes or ()), runs, device=device)
    if json_:
        print_json(result.data())
    else:
        table(result, console())
