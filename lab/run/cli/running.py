"""`lab run`: run a recipe, and print what it led to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.run.cli.options import RUNS, Changes, Recipe, Runs
from lab.run.cli.output import console


def run(
    recipe: Recipe,
    changes: Changes = None,
    runs: Runs = RUNS,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the result.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Leave out a stage that fails, and what reads it.")
    ] = False,
    redo: Annotated[
        list[str] | None,
        typer.Option(
            "--redo",
            help="Do this finished stage again, and what reads it if its result changes; repeat. What was "
            "drawn comes from the bank: another seed draws anew.",
        ),
    ] = None,
) -> None:
    """Run a recipe; what is finished is not done again."""
    from lab.run.forecast import forecast
    from lab.run.recipe import load

    loaded = load(recipe, changes or (), data=True)
    text = recipe.read_text(encoding="utf-8") if not changes else ""
    if not quiet and (line := forecast(loaded, runs)):
        typer.echo(line, err=True)
    go(loaded, runs, source=text, quiet=quiet, keep_going=keep_going, redo=redo or ())


def go(
    recipe: Any,
    runs: Path,
    *,
    source: str = "",
    quiet: bool = False,
    keep_going: bool = False,
    redo: Sequence[str] = (),
) -> None:
    """Run a recipe, then print what it led to. Raises StageError when stages had to be left out."""
    from lab.core.errors import StageError
    from lab.run import runner
    from lab.run.console import RunConsole

    result = runner.run_recipe(
        recipe, runs=runs, console=RunConsole(quiet=quiet), source=source, keep_going=keep_going, redo=redo
    )
    for report in result.reports:
        from eval.report.terminal import summary_table

        console().print(summary_table(report.parent))
    for path in result.reports or list(result.stages.values())[-1:]:
        typer.echo(str(path))
    if result.failures:
        raise StageError("\n".join((f"{len(result.failures)} failed:", *result.failures)))
