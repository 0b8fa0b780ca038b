"""Strategies answer a question with inference-time compute. This package is their registry.

To add one: a file with a `StrategyComponent` whose `solve` yields requests, and a line here (or, in an
installed package, an entry point in the group `lab.strategies`).
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
    "base:StrategyComponent",
    greedy="single.greedy:Greedy",
    sample="single.sample:Sample",
    self_consistency="voting.self_consistency:SelfConsistency",
    weighted_self_consistency="voting.weighted_self_consistency:WeightedSelfConsistency",
    best_of_n="selection.best_of_n:BestOfN",
    self_refine="revision.self_refine:SelfRefine",
    critique_revise="revision.critique_revise:CritiqueRevise",
    sequential_revision="revision.sequential_revision:SequentialRevision",
    budget_forcing="single.budget_forcing:BudgetForcing",
    plan_then_solve="single.plan_then_solve:PlanThenSolve",
    genselect="selection.genselect:GenSelect",
    tournament="selection.tournament:Tournament",
    self_verify_then_retry="revision.self_verify_then_retry:SelfVerifyThenRetry",
    beam_search="search.beam_search:BeamSearch",
    dvts="search.dvts:Dvts",
    lookahead="search.lookahead:Lookahead",
    particle_filtering="search.particle_filtering:ParticleFiltering",
    mcts="search.mcts:Mcts",
    adaptive_consistency="voting.adaptive_consistency:AdaptiveConsistency",
    deepconf="voting.deepconf:DeepConf",
    mixture="voting.mixture:Mixture",
    rank_by_likelihood="selection.rank_by_likelihood:RankByLikelihood",
    cascade="allocation.cascade:Cascade",
    compute_optimal="allocation.compute_optimal:ComputeOptimal",
    answer_with_confidence="confidence.answer_with_confidence:AnswerWithConfidence",
    answer_or_abstain="confidence.answer_or_abstain:AnswerOrAbstain",
    chain_of_verification="revision.chain_of_verification:ChainOfVerification",
    verify_then_revise="revision.verify_then_revise:VerifyThenRevise",
    retrieve_then_answer="single.retrieve_then_answer:RetrieveThenAnswer",
)
__getattr__ = REGISTRY.exported
