"""Error handling of the commands: one message and an exit code, never a traceback.

A LabError is shown as its message (exit code 2 for InputError, 1 for others). Any other exception is a bug of
the lab: a short message says where the full traceback was written, unless `--debug` shows it. After Ctrl-C a
message says that the same command continues. A closed output pipe (`lab list tasks | head`) is not an error.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from lab.errors import InputError, LabError
from lab.system.redact import redacted
from lab.system.terminal import safe

_USAGE: type = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
_FLOW: tuple[type[BaseException], ...] = (BrokenPipeError, typer.Exit, typer.Abort, _USAGE)
"""Exceptions that Typer itself handles: exits, aborts and usage errors."""

RUNNING = ("run", "generate", "train", "evaluate")


class Guarded(TyperGroup):
    """The command group with error handling around every command."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; errors become a message on standard error and an exit code."""
        try:
            return super().invoke(ctx)
        except LabError as error:
            _say(str(error))
            raise typer.Exit(2 if isinstance(error, InputError) else 1) from None
        except KeyboardInterrupt:
            again = ctx.invoked_subcommand in RUNNING
            _say("stopped; run the same command again to continue" if again else "stopped")
            raise typer.Exit(130) from None
        except _FLOW:
            raise
        except Exception as error:
            if (ctx.obj or {}).get("debug"):
                traceback.print_exc()
            else:
                _say(_unexpected(error))
            raise typer.Exit(1) from None


def _unexpected(error: Exception) -> str:
    handle, path = tempfile.mkstemp(prefix="lab-error-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(redacted(f"{' '.join(sys.argv)}\n\n{traceback.format_exc()}"))
    text = "".join(traceback.format_exception_only(error)).strip()
    return (
        f"unexpected error: {text}\nThis is a bug in the lab, please report it. The full "
        f"traceback is in {path}"
    )


def _say(message: str) -> None:
    typer.echo(f"lab: {safe(redacted(message))}", err=True)


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """Ends without a message if the reader of standard output closes it."""
    try:
        yield
    except BrokenPipeError:
        _drop_stdout()
    except SystemExit:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_stdout()
        raise


def _drop_stdout() -> None:
    """Discards the rest of standard output, so that the interpreter's last flush succeeds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
