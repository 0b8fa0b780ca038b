"""Scorers score candidates without the gold. This package is their registry (group `lab.scorers`).

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
    "base:ScorerComponent",
    mean_logprob="likelihood.mean_logprob:MeanLogprob",
    sum_logprob="likelihood.sum_logprob:SumLogprob",
    min_logprob="likelihood.min_logprob:MinLogprob",
    p_true="judges.p_true:PTrue",
    self_verify="judges.self_verify:SelfVerify",
    length="references.length:Length",
    random="references.random:Random",
    oracle="references.oracle:Oracle",
    rubric="judges.rubric:Rubric",
    agreement="agreement.agreement:Agreement",
    self_certainty="likelihood.self_certainty:SelfCertainty",
    self_certainty_borda="likelihood.self_certainty:SelfCertaintyBorda",
    reward_model="judges.reward_model:RewardModel",
    process_reward="judges.process_reward:ProcessRewardScorer",
    ensemble="Ensemble",
    verbalized="judges.verbalized:Verbalized",
    sample_agreement="agreement.sample_agreement:SampleAgreement",
    semantic_entropy="agreement.semantic_entropy:SemanticEntropy",
    selfcheck="agreement.selfcheck:SelfCheck",
)
__getattr__ = REGISTRY.exported
