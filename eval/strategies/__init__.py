"""Strategies answer a question with inference-time compute; the union below is their registry.

To add one: a file with a `StrategyComponent` whose `solve` yields requests, and a member here (or, from
an installed package, an entry point in group `lab.strategies`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eval.nesting import nest
from eval.scorers.p_true import PTrue
from eval.scorers.sampling import SamplingScorer
from eval.strategies.adaptive_consistency import AdaptiveConsistency
from eval.strategies.answer_or_abstain import AnswerOrAbstain
from eval.strategies.answer_with_confidence import AnswerWithConfidence
from eval.strategies.base import Sampled, StrategyComponent, parts
from eval.strategies.beam_search import BeamSearch
from eval.strategies.best_of_n import BestOfN
from eval.strategies.budget_forcing import BudgetForcing
from eval.strategies.cascade import Cascade
from eval.strategies.chain_of_verification import ChainOfVerification
from eval.strategies.compute_optimal import ComputeOptimal
from eval.strategies.critique_revise import CritiqueRevise
from eval.strategies.deepconf import DeepConf
from eval.strategies.dvts import Dvts
from eval.strategies.genselect import GenSelect
from eval.strategies.greedy import Greedy
from eval.strategies.lookahead import Lookahead
from eval.strategies.mcts import Mcts
from eval.strategies.mixture import Mixture
from eval.strategies.particle_filtering import ParticleFiltering
from eval.strategies.plan_then_solve import PlanThenSolve
from eval.strategies.rank_by_likelihood import RankByLikelihood
from eval.strategies.retrieve_then_answer import RetrieveThenAnswer
from eval.strategies.sample import Sample
from eval.strategies.self_consistency import SelfConsistency
from eval.strategies.self_refine import SelfRefine
from eval.strategies.self_verify_then_retry import SelfVerifyThenRetry
from eval.strategies.sequential_revision import SequentialRevision
from eval.strategies.tournament import Tournament
from eval.strategies.verify_then_revise import VerifyThenRevise
from eval.strategies.weighted_self_consistency import WeightedSelfConsistency
from lab.core.component import union_of
from lab.core.errors import InputError
from lab.core.types import Problem, Sampling

if TYPE_CHECKING:
    Strategy = StrategyComponent
else:
    Strategy = union_of(
        "lab.strategies",
        Greedy,
        Sample,
        SelfConsistency,
        WeightedSelfConsistency,
        BestOfN,
        SelfRefine,
        CritiqueRevise,
        SequentialRevision,
        BudgetForcing,
        PlanThenSolve,
        GenSelect,
        Tournament,
        SelfVerifyThenRetry,
        BeamSearch,
        Dvts,
        Lookahead,
        ParticleFiltering,
        Mcts,
        AdaptiveConsistency,
        DeepConf,
        Mixture,
        RankByLikelihood,
        Cascade,
        ComputeOptimal,
        AnswerWithConfidence,
        AnswerOrAbstain,
        ChainOfVerification,
        VerifyThenRevise,
        RetrieveThenAnswer,
    )
    nest("Strategy", Strategy, Cascade, ComputeOptimal)


def check_strategies(strategies: Sequence[StrategyComponent], sampling: Sampling) -> None:
    """Raise InputError where a stage's strategies cannot go together or with its sampling."""
    labels = [s.label for s in strategies]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise InputError(
            f"two strategies are called '{twice}': give one a `name` "
            "(a smaller n of the same strategy is not needed: it is derived from the larger pool)"
        )
    for strategy in strategies:
        _check_scorers(strategy, sampling)
        if not isinstance(strategy, Sampled) or strategy.n == 1:
            continue
        if (sampling.temperature if strategy.temperature is None else strategy.temperature) == 0:
            raise InputError(
                f"strategy '{strategy.label}' draws {strategy.pool} samples at temperature 0, "
                "which are all equal: set `temperature` above 0"
            )


def _check_scorers(strategy: StrategyComponent, sampling: Sampling) -> None:
    """Raise InputError where a scorer's own samples would all be equal: at the stage's temperature 0."""
    for part in parts(strategy):
        if not isinstance(part, SamplingScorer | PTrue) or not part.draws or part.temperature is not None:
            continue
        if sampling.temperature == 0:
            raise InputError(
                f"'{part.label}' of strategy '{strategy.label}' draws samples at temperature 0, "
                "which are all equal: set its `temperature` above 0"
            )


def check_options(strategies: Sequence[StrategyComponent], label: str, problems: Sequence[Problem]) -> None:
    """Raise InputError where problems lack the options a strategy ranks, or hide them from another."""
    lacking = any(not p.meta.get("options") for p in problems)
    hidden = any(p.meta.get("options_shown") is False for p in problems)
    for strategy in strategies:
        if strategy.ranks and lacking:
            raise InputError(f"strategy '{strategy.label}' ranks options, but task '{label}' has none")
        if hidden and not strategy.ranks:
            raise InputError(
                f"task '{label}' keeps its options out of the prompt, so that strategy "
                f"'{strategy.label}' cannot answer: use rank_by_likelihood, or list them "
                "(show_options: true; {choices} in the prompt of a jsonl)"
            )


__all__ = [
    "AdaptiveConsistency",
    "AnswerOrAbstain",
    "AnswerWithConfidence",
    "BeamSearch",
    "BestOfN",
    "BudgetForcing",
    "Cascade",
    "ChainOfVerification",
    "ComputeOptimal",
    "CritiqueRevise",
    "DeepConf",
    "Dvts",
    "GenSelect",
    "Greedy",
    "Lookahead",
    "Mcts",
    "Mixture",
    "ParticleFiltering",
    "PlanThenSolve",
    "RankByLikelihood",
    "RetrieveThenAnswer",
    "Sample",
    "SelfConsistency",
    "SelfRefine",
    "SelfVerifyThenRetry",
    "SequentialRevision",
    "Strategy",
    "StrategyComponent",
    "Tournament",
    "VerifyThenRevise",
    "WeightedSelfConsistency",
    "check_options",
    "check_strategies",
]
