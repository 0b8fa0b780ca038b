"""The context of a stage that runs in its own process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.core.protocols import Weights
from lab.system.progress import Progress

BANK = "bank.sqlite"


@dataclass(frozen=True, slots=True)
class StageContext:
    """One stage to run: its names, its folder, its inputs, and where to report progress."""

    run: str
    """The recipe's name."""
    name: str
    """The stage's."""
    out: Path
    """Its folder."""
    runs: Path
    """The folder of all runs, which has the bank."""
    seed: int
    engine: Any
    """The engine that generates its completions, without "auto"; else the recipe's."""
    progress: Progress
    light: bool = False
    """Whether it loads no model into this process."""
    inputs: Mapping[str, Path] = field(default_factory=dict)
    """The finished folders that it reads, by stage name."""
    loaded: Weights | None = None
    """Its model on disk, if it has one."""
    others: Mapping[str, Weights] = field(default_factory=dict)
    """The weights of its further models."""
    source: str = ""
    """The text of the recipe."""

    @property
    def weights(self) -> Weights:
        """The model on disk; only stages with a `model` have one."""
        assert self.loaded is not None
        return self.loaded
