"""The inputs of a training, and its specification for the training process as one JSON file.

Everything that determines the result is in the file, so its digest shows whether a checkpoint or a finished
model belongs to the same training. Settings that depend on the machine (threads, bf16) are chosen by the
worker.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.core.protocols import Weights
from lab.formats.corpus import Shape
from lab.system.files import digest_of, write_atomic

_BOOKKEEPING: dict[str, Any] = {"save_steps": None, "keep_checkpoints": None, "report_to": None}
"""Fields that do not change what is trained."""


@dataclass(frozen=True, slots=True)
class TrainInputs:
    """The inputs of a training: weights, and whatever else its trainer learns from.

    `corpus` is a folder with data/train-*.parquet; `teacher` is a second model; `reward` is JSON-able (see
    lab.tasks.rewards). A trainer raises InputError if an input it needs is missing.
    """

    weights: Weights
    corpus: Path | None = None
    teacher: Weights | None = None
    reward: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrainingSpec:
    """The specification. `method`: the trainer's fields; `flops`: those of the FlopsModel; `digests`: of the
    inputs.

    `shape` is the corpus's shape; `teacher` is a model's folder and `teacher_flops` its FlopsModel; `reward`
    describes the tasks that give the reward (see lab.tasks.rewards).
    """

    method: dict[str, Any]
    model: str
    shards: list[str]
    out: str
    seed: int
    flops: dict[str, Any]
    digests: dict[str, str]
    shape: Shape | None = None
    teacher: str | None = None
    teacher_flops: dict[str, Any] | None = None
    reward: dict[str, Any] | None = None

    @property
    def digest(self) -> str:
        """Identifies the training independent of where its files are; bookkeeping fields do not change it."""
        return digest_of([{**self.method, **_BOOKKEEPING}, self.seed, self.digests])

    @property
    def folder(self) -> Path:
        """The folder of files that the training needs only while it runs."""
        return Path(self.out) / "checkpoints"

    @property
    def path(self) -> Path:
        return self.folder / "spec.json"

    def save(self) -> None:
        write_atomic(self.path, json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> TrainingSpec:
        return cls(**json.loads(path.read_text()))
