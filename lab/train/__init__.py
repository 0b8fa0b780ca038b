"""Training: from a corpus and weights to new weights."""

from __future__ import annotations

from lab.core.component import union_of
from lab.train.base import Lora
from lab.train.dpo import DPO
from lab.train.inputs import TrainInputs
from lab.train.kto import KTO
from lab.train.result import TrainResult
from lab.train.reward import Reward
from lab.train.sft import SFT

Trainer = union_of("lab.trainers", SFT, DPO, KTO, Reward)
"""Every trainer, discriminated by `kind`."""

__all__ = ["DPO", "KTO", "SFT", "Lora", "Reward", "TrainInputs", "TrainResult", "Trainer"]
