"""Strategies answer a question with inference-time compute; the union below is their registry.

To add one: a file with a `StrategyComponent` whose `solve` yields requests, and a line here (or, from
an installed package, an entry point in group `lab.strategies`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import Registry, union_of

if TYPE_CHECKING:
    from eval.strategies.base import StrategyComponent

REGISTRY = Registry(
    "lab.strategies",
    __name__,
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

if TYPE_CHECKING:
    Strategy = StrategyComponent
else:
    Strategy = union_of(REGISTRY)


def __getattr__(name: str) -> Any:
    """A member's class, imported when it is first asked for."""
    return REGISTRY.exported(name)
