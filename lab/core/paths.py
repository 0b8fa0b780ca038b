"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path

from lab.core.errors import InputError


def path_of(text: str | Path) -> Path:
    """The path, with `~` and `~name` replaced by that home folder; InputError where there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(f"no home folder is known for '{Path(text).parts[0]}'", where=str(text)) from None
