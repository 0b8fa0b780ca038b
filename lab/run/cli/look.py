"""`lab list` and `lab show`: what can be used, and what was done."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lab.run.cli.options import RUNS, Json, Runs
from lab.run.cli.output import console, print_json


def list_(
    kind: Annotated[
        str, typer.Argument(help="tasks, strategies, scorers, methods, filters, trainers, models, metrics, …")
    ],
    json_: Json = False,
) -> None:
    """List components with their fields and defaults."""
    from lab.run import catalogue

    entries = catalogue.listing(kind)
    if json_:
        print_json(entries)
    else:
        catalogue.show(kind, entries, console())


def show(
    run_: Annotated[str, typer.Argument(metavar="RUN", help="A folder runs/<recipe>, or its name.")],
    problem: Annotated[str | None, typer.Argument(help="A problem's id.")] = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> None:
    """What a run did, or how one problem was answered."""
    from lab.run import show as showing
    from lab.run.reporting import find_run

    folder = find_run(run_, runs)
    if problem is None:
        data: Any = showing.overview(folder)
    else:
        data = showing.answers(folder, problem)
    if json_:
        print_json(data)
    elif problem is None:
        showing.print_overview(data, console())
    else:
        showing.print_answers(data, console())
