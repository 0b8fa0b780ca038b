"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path

from lab.errors import InputError


def path_of(text: str | Path) -> Path:
    """The path, with `~` and `~name` replaced by that home folder; InputError where there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(
            f"the home folder '{Path(text).parts[0]}' is not known; write the full path", where=str(text)
        ) from None


def cache_folder() -> Path:
    """`$LAB_CACHE`, else post-pretraining-lab in `$XDG_CACHE_HOME` or ~/.cache."""
    if own := os.environ.get("LAB_CACHE"):
        return path_of(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "post-pretraining-lab"
