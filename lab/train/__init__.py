"""Training: from a corpus and weights to new weights."""

from __future__ import annotations

from lab.core.component import union_of
from lab.train.base import Lora
from lab.train.distillation import Distillation
from lab.train.dpo import DPO
from lab.train.grpo import GRPO
from lab.train.inputs import TrainInputs
from lab.train.kto import KTO
from lab.train.process_reward import ProcessReward
from lab.train.result import TrainResult
from lab.train.reward import Reward
from lab.train.rloo import RLOO
from lab.train.sft import SFT

Trainer = union_of("lab.trainers", SFT, DPO, KTO, Reward, ProcessReward, Distillation, GRPO, RLOO)
"""Every trainer, discriminated by `kind`."""

__all__ = [
    "DPO",
    "GRPO",
    "KTO",
    "RLOO",
    "SFT",
    "Distillation",
    "Lora",
    "ProcessReward",
    "Reward",
    "TrainInputs",
    "TrainResult",
    "Trainer",
]
