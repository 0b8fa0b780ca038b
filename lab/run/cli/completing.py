"""Shell completion: runs, kinds of things to list, their names. Errors give no completions."""

from __future__ import annotations

from pathlib import Path

import typer


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """Names of the runs in the folder of runs."""
    folder = Path(context.params.get("runs") or "runs").expanduser()
    return sorted(p.parent.name for p in folder.glob("*/run.json") if p.parent.name.startswith(incomplete))


def kinds(incomplete: str) -> list[str]:
    """The kinds for `lab list`."""
    from lab.run.cli.catalogue import KINDS

    return [kind for kind in KINDS if kind.startswith(incomplete)]


def names(context: typer.Context, incomplete: str) -> list[str]:
    """The names of one kind."""
    return _of(str(context.params.get("kind") or ""), incomplete)


def models(incomplete: str) -> list[str]:
    """The built-in models."""
    return _of("models", incomplete)


def tasks(incomplete: str) -> list[str]:
    """Kinds of tasks."""
    return _of("tasks", incomplete)


def strategies(incomplete: str) -> list[str]:
    """Kinds of strategies."""
    return _of("strategies", incomplete)


def engines(incomplete: str) -> list[str]:
    """Kinds of engines."""
    return _of("engines", incomplete)


def _of(kind: str, incomplete: str) -> list[str]:
    from lab.errors import InputError
    from lab.run.cli.catalogue import summaries

    try:
        return [name for name in summaries(kind) if name.startswith(incomplete)]
    except InputError:
        return []
