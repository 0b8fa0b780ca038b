"""What a trainer hands back; kept as `train.json` beside the model, written last."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from lab.formats.training import read_record, write_record


@dataclass(frozen=True, slots=True)
class TrainResult:
    """A finished training.

    `steps` are optimiser steps; `examples` were trained on, `dropped` were too long to keep any of their
    completion. `tokens` are all real tokens seen (no padding, every epoch), `trained_tokens` those that
    bore loss. `flops` is 3 x forward over `tokens`, and whatever else was drawn or read; `loss` the last
    step's; `seconds` the wall time of the steps; `peak_memory` the training process's resident bytes.
    """

    model: Path
    steps: int
    examples: int
    dropped: int
    tokens: int
    trained_tokens: int
    flops: float
    loss: float
    seconds: float
    peak_memory: int

    def save(self, out: Path, spec: str) -> None:
        """Write the record; `spec` is the digest of what was asked for."""
        data = {**asdict(self), "model": self.model.name, "spec": spec}
        write_record(out, data)

    @classmethod
    def load(cls, out: Path, spec: str) -> TrainResult | None:
        """The record of a finished training of exactly this, else None."""
        try:
            data = read_record(out)
            if data.pop("spec") != spec:
                return None
            result = cls(**{f.name: data[f.name] for f in fields(cls)})
        except (OSError, ValueError, KeyError):
            return None
        model = out / str(result.model)
        return replace(result, model=model) if model.is_dir() else None
