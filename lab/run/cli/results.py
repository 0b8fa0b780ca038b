"""`lab report` and `lab compare`: what finished runs say, alone and beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.run.cli.options import RUNS, Json, Runs
from lab.run.cli.output import console, print_json


def report(
    run_: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Folders runs/<recipe>, their names, or run/stage.")
    ],
    runs: Runs = RUNS,
    out: Annotated[Path | None, typer.Option(help="Where the report is written.")] = None,
    json_: Json = False,
) -> None:
    """Build a report over one or several runs."""
    from lab.run.reporting import rebuild

    page = rebuild(run_, runs, out)
    if json_:
        import json

        print_json({"report": str(page), "summary": json.loads((page.parent / "summary.json").read_text())})
        return
    from eval.report.terminal import summary_table

    console().print(summary_table(page.parent))
    typer.echo(str(page))


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A run, run/stage, or the folder of one.")],
    b: Annotated[str | None, typer.Argument(metavar="B", help="Another; else the stages of A.")] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Compare every strategy with this one of A.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option("--strategy", help="Only this strategy; repeat.")
    ] = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> None:
    """Paired differences between two runs, or between the strategies of one."""
    from dataclasses import asdict

    from lab.run import comparing

    rows = comparing.comparisons(a, b, runs, against=against, strategies=strategy or ())
    if json_:
        print_json([asdict(row) for row in rows])
    else:
        for table in comparing.tables(rows):
            console().print(table)
