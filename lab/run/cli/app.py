"""The `lab` command: its subcommands in the order in which `lab --help` lists them, and its own options."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.run.cli.commands import look, one_stage, results
from lab.run.cli.commands.check import check
from lab.run.cli.commands.clean import clean
from lab.run.cli.commands.doctor import doctor
from lab.run.cli.commands.estimate import estimate
from lab.run.cli.commands.run import run
from lab.run.cli.examples import epilog
from lab.run.cli.guard import Guarded, quiet_pipe

app = typer.Typer(
    cls=Guarded,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Synthetic training data, fine-tuning and inference-time compute for small language models, measured."
    ),
)

for command in (
    run,
    check,
    estimate,
    one_stage.generate,
    one_stage.train,
    one_stage.evaluate,
    results.report,
    results.compare,
    look.list_,
    look.show,
    clean,
    doctor,
):
    name = command.__name__.rstrip("_")
    app.command(name=name, epilog=epilog(name))(command)


def main() -> None:
    """Entry point of the `lab` command."""
    with quiet_pipe():
        app()


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"lab {version('post-pretraining-lab')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the full traceback of an unexpected error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = {"debug": debug}
