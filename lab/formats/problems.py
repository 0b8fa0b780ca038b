"""problems.json: task -> the ids of its problems in order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.system.files import read_json, write_atomic

FILE = "problems.json"


def write_problems(asked: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Write `folder`/problems.json."""
    write_atomic(folder / FILE, json.dumps(asked) + "\n")


def read_problems(folder: Path) -> dict[str, list[str]]:
    """Task -> ids; {} without the file. Raises ValueError if it is not JSON."""
    if not (folder / FILE).is_file():
        return {}
    return {str(task): list(ids) for task, ids in read_json(folder / FILE).items()}
