"""What a training reads, and what the lab tells the training process of it, as one JSON file.

Everything that decides the result is in the file, so its digest says whether a checkpoint or a finished model
belongs to the same training. How fast the machine is (threads, bf16) is found by the worker itself.
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
    """What a training reads, found by the caller: weights, and whatever else its trainer learns from.

    `corpus` holds data/train-*.parquet; `teacher` is a second model; `reward` is JSON-able (see
    lab.tasks.rewards). A trainer refuses with InputError when what it reads is not there.
    """

    weights: Weights
    corpus: Path | None = None
    teacher: Weights | None = None
    reward: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrainingSpec:
    """`method` are the trainer's fields; `flops` those of the FlopsModel; `digests` name the inputs' bytes.

    `shape` is the corpus's; `teacher` a model's folder and `teacher_flops` its FlopsModel; `reward` says
    which tasks reward it (see lab.tasks.rewards).
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
        """Names the training wherever its files lie; bookkeeping fields do not change it."""
        return digest_of([{**self.method, **_BOOKKEEPING}, self.seed, self.digests])

    @property
    def folder(self) -> Path:
        """Where the training keeps what it needs only while it runs."""
        return Path(self.out) / "checkpoints"

    @property
    def path(self) -> Path:
        return self.folder / "spec.json"

    def save(self) -> None:
        write_atomic(self.path, json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> TrainingSpec:
        return cls(**json.loads(path.read_text()))
