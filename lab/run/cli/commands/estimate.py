"""`lab estimate`: the estimated cost of a recipe, before anything runs."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.run.cli.options import RUNS, Changes, ClusterOption, Json, RecipeArgument, Runs, WorkersOption
from lab.run.cli.output import console, print_json


def estimate(
    recipe: RecipeArgument,
    changes: Changes = None,
    runs: Runs = RUNS,
    device: Annotated[
        str | None,
        typer.Option("--device", help=("Estimate for another machine: cpu, or a GPU such as h100.")),
    ] = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    json_: Json = False,
) -> None:
    """Estimate the cost of a recipe: tokens, FLOPs, time and disk space."""
    from lab.run.cost.estimate_table import table
    from lab.run.recipe import estimate as estimating
    from lab.run.recipe.recipe import load

    result = estimating.estimate(load(recipe, changes or ()).on(cluster, workers), runs, device=device)
    if json_:
        print_json(result.data())
    else:
        table(result, console())
