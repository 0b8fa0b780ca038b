"""`lab doctor`: shows what this machine has, what is wrong, and how to fix it."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.run.cli.options import RUNS, Json, Runs
from lab.run.cli.output import console, print_json


def doctor(
    json_: Json = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also import vLLM and TRL, and measure speed (slow).")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="Also examine this Ray cluster: auto, or host:port of its head node."),
    ] = None,
    runs: Runs = RUNS,
) -> None:
    """Show what this machine has, what is wrong, and how to fix it."""
    from lab.run.cli import doctor as checkup

    findings = checkup.examine(runs=runs, deep=deep, address=cluster)
    if json_:
        print_json(findings.data())
    else:
        checkup.show(findings, console())
    if findings.blocked:
        raise typer.Exit(1)
