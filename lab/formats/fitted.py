"""fitted.json: what strategies learned on dev problems, as their complete configurations; label -> fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.system.files import read_json, write_atomic

FILE = "fitted.json"


def write_fitted(found: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Write `folder`/fitted.json."""
    write_atomic(folder / FILE, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def read_fitted(folder: Path) -> dict[str, Any]:
    """Label -> fields. Raises OSError without the file, and ValueError if it is something else."""
    found = read_json(folder / FILE)
    if not isinstance(found, dict):
        raise ValueError("it is not a mapping")
    return found
