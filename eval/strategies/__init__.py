"""Strategies answer a question with inference-time compute; the union below is their registry.

To add one: a file with a `StrategyComponent` whose `solve` yields requests, and a line here (or, from
an installed package, an entry point in group `lab.strategies`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from eval.strategies.base import StrategyComponent

    Strategy = StrategyComponent

REGISTRY = Registry(
    "lab.strategies",
    __name__,
    "Strategy",
    greedy="Greedy",
    sample="Sample",
    self_consistency="SelfConsistency",
    weighted_self_consistency="WeightedSelfConsistency",
    best_of_n="BestOfN",
    self_refine="SelfRefine",
    critique_revise="CritiqueRevise",
    sequential_revision="SequentialRevision",
    budget_forcing="BudgetForcing",
    plan_then_solve="PlanThenSolve",
    genselect="GenSelect",
    tournament="Tournament",
    self_verify_then_retry="SelfVerifyThenRetry",
    beam_search="BeamSearch",
    dvts="Dvts",
    lookahead="Lookahead",
    particle_filtering="ParticleFiltering",
    mcts="Mcts",
    adaptive_consistency="AdaptiveConsistency",
    deepconf="DeepConf",
    mixture="Mixture",
    rank_by_likelihood="RankByLikelihood",
    cascade="Cascade",
    compute_optimal="ComputeOptimal",
    answer_with_confidence="AnswerWithConfidence",
    answer_or_abstain="AnswerOrAbstain",
    chain_of_verification="ChainOfVerification",
    verify_then_revise="VerifyThenRevise",
    retrieve_then_answer="RetrieveThenAnswer",
)
__getattr__ = REGISTRY.exported
