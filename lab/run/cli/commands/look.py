"""`lab list` and `lab show`: what can be used in recipes, and what was run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lab.run.cli import completing
from lab.run.cli.options import RUNS, Json, Runs
from lab.run.cli.output import console, print_json


def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completing.kinds,
            help=(
                "What to list: tasks, strategies, scorers, methods, ...; without it, "
                "everything that can be listed."
            ),
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(autocompletion=completing.names, help=("Name of one entry: shows all of its fields.")),
    ] = None,
    json_: Json = False,
) -> None:
    """List what recipes can use, or show all fields of one entry."""
    from lab.run.cli import catalogue

    if kind is None:
        print_json(catalogue.KINDS) if json_ else catalogue.show_kinds(console())
    elif name is not None:
        entry = catalogue.one(kind, name)
        print_json(entry) if json_ else catalogue.show(entry, console())
    elif json_:
        print_json(catalogue.listing(kind))
    else:
        catalogue.show_names(kind, catalogue.summaries(kind), console())


def show(
    context: typer.Context,
    run_: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            autocompletion=completing.runs,
            help="Folder of a run (runs/<recipe>), or its name; without it, all runs are listed.",
        ),
    ] = None,
    problem: Annotated[
        str | None,
        typer.Argument(
            metavar="[STAGE or PROBLEM]",
            help="Name of a stage: shows that stage. Id of a problem: shows every answer to it.",
        ),
    ] = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> None:
    """List all runs, show one run or one of its stages, or show how one problem was answered."""
    from lab.run.history import answers, overview, overview_tables
    from lab.run.history.runs import find_run

    if run_ is None:
        found: Any = overview.all_runs(runs)
        print_json(found) if json_ else overview_tables.print_runs(found, runs, console())
        return
    folder = find_run(run_, runs)
    if problem is None or overview.is_stage(folder, problem):
        found = overview.overview(folder) if problem is None else overview.one_stage(folder, problem)
        print_json(found) if json_ else overview_tables.print_overview(found, console())
    else:
        found = answers.answers(folder, problem)
        debug = bool((context.obj or {}).get("debug"))
        print_json(found) if json_ else answers.print_answers(found, console(), debug=debug)
