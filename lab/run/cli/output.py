"""Standard output: tables for people, JSON for scripts."""

from __future__ import annotations

import sys
from typing import Any

import typer

from lab.system.terminal import safe_json


def console() -> Any:
    """Standard output as a Rich console; wide if it is not a terminal, so that nothing is cut."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def print_json(data: Any) -> None:
    """Print data as JSON."""
    typer.echo(safe_json(data))
