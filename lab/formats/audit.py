"""audit.json: all numbers of a corpus. Also the card and provenance.json, which records how the corpus was
made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.system.files import read_json, write_atomic

FILE, PROVENANCE, CARD, FIGURES = "audit.json", "provenance.json", "README.md", "figures"


def write_audit(report: Mapping[str, Any], folder: Path) -> None:
    """Write `folder`/audit.json."""
    write_atomic(folder / FILE, json.dumps(report, indent=2, default=str) + "\n")


def write_provenance(made: Mapping[str, Any], folder: Path) -> None:
    """Write `folder`/provenance.json."""
    write_atomic(folder / PROVENANCE, json.dumps(made, indent=2, default=str) + "\n")


def read_audit(folder: Path) -> dict[str, Any]:
    """The content of a corpus's audit.json; {} if there is none or it cannot be read."""
    try:
        found = read_json(folder / FILE)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
