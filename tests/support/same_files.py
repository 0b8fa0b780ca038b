"""Compares the products of two runs folders byte by byte, apart from what names times and processes."""

from __future__ import annotations

from pathlib import Path

OWN = ("manifest.json", "log.txt", ".lock", "run.json")
"""Files with times, attempts and process numbers."""
APART = ("bank", "workers")
"""Folders of a stage that only a cluster has."""


def differing(one: Path, other: Path) -> list[str]:
    """The files that only one of them has, or whose bytes differ."""
    here, there = _files(one), _files(other)
    names = sorted(here.keys() | there.keys())
    return [
        name for name in names if name not in here or name not in there or _differ(here[name], there[name])
    ]


def _files(runs: Path) -> dict[str, Path]:
    found = (path for path in runs.glob("*/*/**/*") if path.is_file() and path.name not in OWN)
    named = {path.relative_to(runs).as_posix(): path for path in found}
    return {name: path for name, path in named.items() if name.split("/")[2] not in APART}


def _differ(one: Path, other: Path) -> bool:
    return one.read_bytes() != other.read_bytes()
