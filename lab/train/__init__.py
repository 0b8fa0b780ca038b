"""Training: from a corpus and weights to new weights. To add a trainer: a file, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import Registry, union_of
from lab.train.base import Lora
from lab.train.inputs import TrainInputs
from lab.train.result import TrainResult

REGISTRY = Registry(
    "lab.trainers",
    __name__,
    sft="SFT",
    dpo="DPO",
    kto="KTO",
    reward="Reward",
    process_reward="ProcessReward",
    distillation="Distillation",
    grpo="GRPO",
    rloo="RLOO",
)

if TYPE_CHECKING:
    Trainer = Any
else:
    Trainer = union_of(REGISTRY)


def __getattr__(name: str) -> Any:
    """A member's class, imported when it is first asked for."""
    return REGISTRY.exported(name)


__all__ = ["Lora", "TrainInputs", "TrainResult", "Trainer"]
