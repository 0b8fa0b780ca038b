"""Scorers rank candidates without the gold; the union below is their registry (group `lab.scorers`).

To add one: a file with a `ScorerComponent`, and a member here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eval.nesting import nest
from eval.scorers.agreement import Agreement
from eval.scorers.base import ScorerComponent
from eval.scorers.ensemble import Ensemble
from eval.scorers.length import Length
from eval.scorers.mean_logprob import MeanLogprob
from eval.scorers.min_logprob import MinLogprob
from eval.scorers.oracle import Oracle
from eval.scorers.p_true import PTrue
from eval.scorers.process_reward import ProcessReward
from eval.scorers.random import Random
from eval.scorers.reward_model import RewardModel
from eval.scorers.rubric import Rubric
from eval.scorers.sample_agreement import SampleAgreement
from eval.scorers.self_certainty import SelfCertainty, SelfCertaintyBorda
from eval.scorers.self_verify import SelfVerify
from eval.scorers.selfcheck import SelfCheck
from eval.scorers.semantic_entropy import SemanticEntropy
from eval.scorers.sum_logprob import SumLogprob
from eval.scorers.verbalized import Verbalized
from lab.core.component import union_of

if TYPE_CHECKING:
    Scorer = ScorerComponent
else:
    Scorer = union_of(
        "lab.scorers",
        MeanLogprob,
        SumLogprob,
        MinLogprob,
        PTrue,
        SelfVerify,
        Length,
        Random,
        Oracle,
        Rubric,
        Agreement,
        SelfCertainty,
        SelfCertaintyBorda,
        RewardModel,
        ProcessReward,
        Ensemble,
        Verbalized,
        SampleAgreement,
        SemanticEntropy,
        SelfCheck,
    )
    nest("Scorer", Scorer, Ensemble)

__all__ = [
    "Agreement",
    "Ensemble",
    "Length",
    "MeanLogprob",
    "MinLogprob",
    "Oracle",
    "PTrue",
    "ProcessReward",
    "Random",
    "RewardModel",
    "Rubric",
    "SampleAgreement",
    "Scorer",
    "ScorerComponent",
    "SelfCertainty",
    "SelfCertaintyBorda",
    "SelfCheck",
    "SelfVerify",
    "SemanticEntropy",
    "SumLogprob",
    "Verbalized",
]
