"""Scorers score candidates without the gold; the union below is their registry (group `lab.scorers`).

To add one: a file with a `ScorerComponent`, and a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from eval.scorers.base import ScorerComponent

    Scorer = ScorerComponent

REGISTRY = Registry(
    "lab.scorers",
    __name__,
    "Scorer",
    mean_logprob="MeanLogprob",
    sum_logprob="SumLogprob",
    min_logprob="MinLogprob",
    p_true="PTrue",
    self_verify="SelfVerify",
    length="Length",
    random="Random",
    oracle="Oracle",
    rubric="Rubric",
    agreement="Agreement",
    self_certainty="SelfCertainty",
    self_certainty_borda="self_certainty:SelfCertaintyBorda",
    reward_model="RewardModel",
    process_reward="ProcessReward",
    ensemble="Ensemble",
    verbalized="Verbalized",
    sample_agreement="SampleAgreement",
    semantic_entropy="SemanticEntropy",
    selfcheck="SelfCheck",
)
__getattr__ = REGISTRY.exported
