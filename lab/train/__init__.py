"""Trainers; the union below is their registry (group `lab.trainers`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import union_of
from lab.train.launch import TrainResult
from lab.train.sft import Lora, Sft

if TYPE_CHECKING:
    Trainer = Sft
else:
    Trainer: Any = union_of("lab.trainers", Sft)

__all__ = ["Lora", "Sft", "TrainResult", "Trainer"]
