"""`lab report` and `lab compare`: reports on finished runs, and comparisons of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.run.cli.options import RUNS, Json, Runs
from lab.run.cli.output import console, print_json


def report(
    run_: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help=("Runs (folder or name), or single stages as run/stage.")),
    ],
    runs: Runs = RUNS,
    out: Annotated[Path | None, typer.Option(help="Folder to write the report to.")] = None,
    json_: Json = False,
) -> None:
    """Build a report on one or several runs."""
    from lab.formats.report import read_summary
    from lab.run.history.report import rebuild

    page = rebuild(run_, runs, out)
    if json_:
        print_json({"report": str(page), "summary": read_summary(page.parent)})
        return
    from eval.report.terminal import summary_table

    console().print(summary_table(page.parent))
    typer.echo(str(page))


def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help=("A run, a stage as run/stage, or the folder of either."))
    ],
    b: Annotated[
        str | None,
        typer.Argument(
            metavar="B", help=("What to compare with; without it, the evaluate stages of A with each other.")
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Compare every strategy of A with this one.")
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", help=("Compare only this strategy; can be given several times.")),
    ] = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> None:
    """Compare two runs, or the strategies of one run, by paired differences."""
    from dataclasses import asdict

    from lab.run.history.compare import comparisons
    from lab.run.history.comparison_tables import tables, warnings

    rows = comparisons(a, b, runs, against=against, strategies=strategy or ())
    if json_:
        print_json([asdict(row) for row in rows])
    else:
        for table in tables(rows):
            console().print(table)
        for line in warnings(rows):
            typer.echo(line)
