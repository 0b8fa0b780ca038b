"""The lab's metrics as modules of Hugging Face's `evaluate` library.

Each folder is a local metric as `evaluate.load` expects it: `<name>/<name>.py` with its features, definition
and citation. The number comes from the same function that the lab uses for its own points.
`evaluate.load(path("pass_at_k"))` works wherever the lab is installed, without a network connection.
"""

from __future__ import annotations

from pathlib import Path

from lab.errors import InputError, nearest

HERE = Path(__file__).parent


def names() -> list[str]:
    """All metrics in alphabetical order."""
    return sorted(p.parent.name for p in HERE.glob("*/*.py") if p.stem == p.parent.name)


def path(name: str) -> str:
    """The folder of a metric, for `evaluate.load`. Raises InputError with the nearest name if there is
    none.
    """
    if name not in names():
        raise InputError(f"there is no metric '{name}'.{nearest(name, names())}")
    return str(HERE / name)
