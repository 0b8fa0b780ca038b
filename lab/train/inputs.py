"""What a training reads, found by the caller: weights, and whatever else its trainer learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core.protocols import Weights


@dataclass(frozen=True, slots=True)
class TrainInputs:
    """`corpus` holds data/train-*.parquet; `teacher` is a second model; `reward` names a reward source.

    `reward` is JSON-able: {"factory": "module:function", "tasks": [...], "seed": n}. A trainer refuses with
    InputError when what it reads is not there.
    """

    weights: Weights
    corpus: Path | None = None
    teacher: Weights | None = None
    reward: Mapping[str, Any] | None = None
