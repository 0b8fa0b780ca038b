"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUNS = Path("runs")
"""Where runs are kept unless `--runs` says otherwise."""

Runs = Annotated[Path, typer.Option("--runs", help="Where runs are kept.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Recipe = Annotated[Path, typer.Argument(help="A recipe file.")]
Changes = Annotated[list[str] | None, typer.Argument(help="Changes to the recipe: stage.key=value.")]
Model = Annotated[str, typer.Option("--model", help="A built-in name, a folder, or a Hub id.")]
Tasks = Annotated[
    list[str], typer.Option("--task", help="kind:key=value,... (see `lab list tasks`); repeat.")
]
Limit = Annotated[int | None, typer.Option("--limit", help="Problems of each task.")]
Engine = Annotated[str | None, typer.Option("--engine", help="kind:key=value,... (see `lab list engines`).")]
Seed = Annotated[int | None, typer.Option("--seed", help="Everything random derives from it.")]
Temperature = Annotated[float | None, typer.Option("--temperature", help="Sampling temperature.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="Most tokens of one completion.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the run's folder.")]
