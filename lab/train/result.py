"""The result of a training, stored as `train.json` next to the model and written last."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from lab.formats.training import read_record, write_record


@dataclass(frozen=True, slots=True)
class TrainResult:
    """A finished training.

    `steps` are optimiser steps. `examples` were trained on; `dropped` were too long to keep any of their
    completion. `tokens` are all real tokens processed (no padding, every epoch), `trained_tokens` those in
    the loss. `flops` is 3 x forward over `tokens`, and whatever else was generated or processed. `loss` is
    that of the last step, `seconds` the wall time of the steps, `peak_memory` the training process's resident
    bytes.
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
        """Writes the record; `spec` is the digest of the specification."""
        data = {**asdict(self), "model": self.model.name, "spec": spec}
        write_record(out, data)

    @classmethod
    def load(cls, out: Path, spec: str) -> TrainResult | None:
        """The record of a finished training with exactly this specification, else None."""
        try:
            data = read_record(out)
            if data.pop("spec") != spec:
                return None
            result = cls(**{f.name: data[f.name] for f in fields(cls)})
        except (OSError, ValueError, KeyError):
            return None
        model = out / str(result.model)
        return replace(result, model=model) if model.is_dir() else None
