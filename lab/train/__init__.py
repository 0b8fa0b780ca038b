"""Training: from a corpus and weights to new weights. To add a trainer, add a file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry
from lab.train.base import Lora, TrainerBase
from lab.train.result import TrainResult
from lab.train.spec import TrainInputs

if TYPE_CHECKING:
    Trainer = TrainerBase

REGISTRY = Registry(
    "lab.trainers",
    __name__,
    "Trainer",
    "base:TrainerBase",
    sft="trainers.sft:SFT",
    dpo="trainers.dpo:DPO",
    kto="trainers.kto:KTO",
    reward="trainers.reward:Reward",
    process_reward="trainers.process_reward:ProcessReward",
    distillation="trainers.distillation:Distillation",
    grpo="trainers.grpo:GRPO",
    rloo="trainers.rloo:RLOO",
)
__getattr__ = REGISTRY.exported


__all__ = ["Lora", "TrainInputs", "TrainResult"]
