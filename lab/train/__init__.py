"""Training: from a corpus and weights to new weights."""

from __future__ import annotations

from lab.core.component import union_of
from lab.train.base import Lora
from lab.train.inputs import TrainInputs
from lab.train.result import TrainResult
from lab.train.sft import SFT

Trainer = union_of("lab.trainers", SFT)
"""Every trainer, discriminated by `kind`; with one member it is that class itself."""

__all__ = ["SFT", "Lora", "TrainInputs", "TrainResult", "Trainer"]
