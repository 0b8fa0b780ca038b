"""`lab clean`: removes the stage folders that are no longer part of a run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lab.run.cli.options import RUNS, Runs


def clean(
    run_: Annotated[
        str, typer.Argument(metavar="RUN", help=("Folder of the run (runs/<recipe>), or its name."))
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Remove the folders without asking.")] = False,
    runs: Runs = RUNS,
) -> None:
    """Remove unfinished and outdated stages of a run. Stages of its latest state and the bank are always
    kept.
    """
    from lab.run.history import clean as cleaning
    from lab.system.terminal import safe

    found = cleaning.stale(cleaning.folder_of(run_, runs))
    for stale in found:
        typer.echo(safe(f"{_size(stale.size):>9}  {stale.folder}  ({stale.why})"))
    if not found:
        typer.echo("nothing to remove: every stage folder belongs to the latest run")
        return
    many = f"{len(found)} folders" if len(found) > 1 else "1 folder"
    total = _size(sum(stale.size for stale in found))
    asking = sys.stdin.isatty()
    if not yes and not (asking and typer.confirm(f"Remove {many} ({total})?")):
        typer.echo(f"nothing was removed{'' if asking else f'; add --yes to remove {many} ({total})'}")
        return
    typer.echo(
        f"removed {many}, freed {_size(cleaning.remove(found))}; all completions are still in the bank"
    )


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")
