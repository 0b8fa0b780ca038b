"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.run.cli import completing

RUNS = Path("runs")
"""The default folder of runs."""


def home(path: Path | None) -> Path | None:
    """The path with `~` replaced by the home folder, as a shell does."""
    return None if path is None else path.expanduser()


def homes(paths: list[Path]) -> list[Path]:
    """The same for several."""
    return [path.expanduser() for path in paths]


Runs = Annotated[Path, typer.Option("--runs", callback=home, help="The folder that holds all runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for use in scripts.")]
RecipeArgument = Annotated[Path, typer.Argument(callback=home, help="Path of a recipe (YAML file).")]
Changes = Annotated[list[str] | None, typer.Argument(help="Changes to the recipe, as stage.key=value.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result, without progress.")]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        autocompletion=completing.models,
        help="A built-in name, a folder (also that of a train stage), or a Hub id.",
    ),
]
Tasks = Annotated[
    list[str],
    typer.Option(
        "--task",
        autocompletion=completing.tasks,
        help="kind:key=value,... (see `lab list tasks`); can be given several times.",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", help="How many problems to use of each task.")]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        autocompletion=completing.engines,
        help="kind:key=value,... (see `lab list engines`).",
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", help="Where to run it: none, or ray (see `lab list clusters`)."),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="How many workers run a stage on the cluster.")
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of all randomness.")]
Temperature = Annotated[float | None, typer.Option("--temperature", help="Sampling temperature.")]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", help=("Maximum number of tokens of one completion."))
]
NameOption = Annotated[str | None, typer.Option("--name", help="Name of the run and of its folder.")]
