"""Training: from a corpus and weights to new weights. To add a trainer: a file, and a line here."""

from __future__ import annotations

from lab.core.component import Registry
from lab.train.base import Lora
from lab.train.inputs import TrainInputs
from lab.train.result import TrainResult

REGISTRY = Registry(
    "lab.trainers",
    __name__,
    "Trainer",
    sft="SFT",
    dpo="DPO",
    kto="KTO",
    reward="Reward",
    process_reward="ProcessReward",
    distillation="Distillation",
    grpo="GRPO",
    rloo="RLOO",
)
__getattr__ = REGISTRY.exported


__all__ = ["Lora", "TrainInputs", "TrainResult"]
