"""`lab run`: runs a recipe and prints the results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.run.cli.options import (
    RUNS,
    Changes,
    ClusterOption,
    Json,
    QuietOption,
    RecipeArgument,
    Runs,
    WorkersOption,
)
from lab.run.cli.output import console, print_json


def run(
    recipe: RecipeArgument,
    changes: Changes = None,
    runs: Runs = RUNS,
    quiet: QuietOption = False,
    keep_going: Annotated[
        bool,
        typer.Option(
            "--keep-going", help=("If a stage fails, continue with the stages that do not depend on it.")
        ),
    ] = False,
    redo: Annotated[
        list[str] | None,
        typer.Option(
            "--redo",
            help=(
                "Run this finished stage again, and the stages that use its result if it "
                "changes. Completions come from the bank, so only another seed generates new "
                "samples."
            ),
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help=("Print what would be run and how long it takes, without running it.")
        ),
    ] = False,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    json_: Json = False,
) -> None:
    """Run a recipe; finished stages are not run again."""
    from lab.run.recipe.estimate import forecast
    from lab.run.recipe.recipe import load

    loaded = load(recipe, changes or (), data=True).on(cluster, workers)
    if dry_run:
        from lab.run.execution.dry_run import planned, print_plan

        plan = planned(loaded, runs)
        print_json(plan) if json_ else print_plan(plan, console())
        return
    text = recipe.read_text(encoding="utf-8") if not changes else ""
    if not quiet and (line := forecast(loaded, runs)):
        typer.echo(line, err=True)
    go(
        loaded,
        runs,
        source=text,
        quiet=quiet,
        keep_going=keep_going,
        redo=redo or (),
        json=json_,
    )


def go(
    recipe: Any,
    runs: Path,
    *,
    source: str = "",
    quiet: bool = False,
    keep_going: bool = False,
    redo: Sequence[str] = (),
    json: bool = False,
) -> None:
    """Runs a recipe, then prints the results. Raises StageError if stages were skipped."""
    from lab.errors import StageError
    from lab.run.execution import runner
    from lab.run.execution.console import RunConsole

    result = runner.run_recipe(
        recipe, runs=runs, console=RunConsole(quiet=quiet), source=source, keep_going=keep_going, redo=redo
    )
    if json:
        print_json(_data(recipe.name, result))
    else:
        _print(result)
        if not quiet:
            typer.echo(f"`lab show {runs / recipe.name}` shows the details", err=True)
    if result.failures:
        raise StageError("\n".join((f"{len(result.failures)} failed:", *result.failures)))


def _print(result: Any) -> None:
    """Prints the table of every report, or of the last stage if there is none; then its path."""
    for report in result.reports:
        from eval.report.terminal import summary_table

        console().print(summary_table(report.parent))
    last = list(result.stages.values())[-1:]
    if last and not result.reports:
        from lab.run.history.overview_tables import print_points

        print_points(last[0], console())
    for path in result.reports or last:
        typer.echo(str(path))


def _data(name: str, result: Any) -> dict[str, Any]:
    from lab.run.stages import outcome

    stages = [
        {"stage": stage, "folder": str(folder), "result": outcome(folder)}
        for stage, folder in result.stages.items()
    ]
    reports = [str(path) for path in result.reports]
    return {"run": name, "stages": stages, "reports": reports, "failures": list(result.failures)}
