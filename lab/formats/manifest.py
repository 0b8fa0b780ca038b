"""manifest.json: what a stage did, with what, and the digests of what it made; written last.

A folder without it holds an unfinished stage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab.system.files import read_json, write_atomic

FILE = "manifest.json"


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `folder`/manifest.json."""
    write_atomic(folder / FILE, json.dumps(manifest, indent=1) + "\n")


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished stage; None if it is not finished, or the manifest cannot be read.

    Whether the folder's files still are what it says is not looked at.
    """
    try:
        data = read_json(folder / FILE)
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and "output" in data else None


def manifests_in(runs: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """(folder, manifest) of every finished stage of every run in a folder of runs."""
    for path in runs.glob(f"*/*/{FILE}"):
        if (manifest := manifest_of(path.parent)) is not None:
            yield path.parent, manifest
