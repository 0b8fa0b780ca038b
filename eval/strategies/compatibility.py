"""Checks which strategies can be combined in one stage, or with one task."""

from __future__ import annotations

from collections.abc import Sequence

from eval.scorers.judges.p_true import PTrue
from eval.scorers.sampling import SamplingScorer
from eval.strategies.base import SamplingStrategy, StrategyComponent, parts
from lab.core.types import Problem, Sampling
from lab.errors import InputError


def check_strategies(strategies: Sequence[StrategyComponent], sampling: Sampling) -> None:
    """Raises InputError if a stage's strategies do not fit together or with its sampling settings."""
    labels = [s.label for s in strategies]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise InputError(
            f"two strategies are called '{twice}': give one of them a `name`. (A smaller n of "
            "the same strategy need not be listed: its results are computed from the larger "
            "pool.)"
        )
    for strategy in strategies:
        _check_scorers(strategy, sampling)
        if not isinstance(strategy, SamplingStrategy) or strategy.n == 1:
            continue
        if (sampling.temperature if strategy.temperature is None else strategy.temperature) == 0:
            raise InputError(
                f"strategy '{strategy.label}' draws {strategy.size} samples at temperature 0, "
                "which would all be equal: set `temperature` above 0"
            )


def _check_scorers(strategy: StrategyComponent, sampling: Sampling) -> None:
    """Raises InputError if a scorer's own samples would all be equal, because the stage's temperature is
    0.
    """
    for part in parts(strategy):
        if not isinstance(part, SamplingScorer | PTrue) or not part.draws or part.temperature is not None:
            continue
        if sampling.temperature == 0:
            raise InputError(
                f"'{part.label}' of strategy '{strategy.label}' draws samples at temperature "
                "0, which would all be equal: set its `temperature` above 0"
            )


def check_options(strategies: Sequence[StrategyComponent], label: str, problems: Sequence[Problem]) -> None:
    """Raises InputError if problems lack the options that a strategy ranks, or have options that another
    needs not.
    """
    lacking = any(not p.meta.get("options") for p in problems)
    hidden = any(p.meta.get("options_shown") is False for p in problems)
    for strategy in strategies:
        if strategy.ranks and lacking:
            raise InputError(f"strategy '{strategy.label}' ranks answer options, but task '{label}' has none")
        if hidden and not strategy.ranks:
            raise InputError(
                f"task '{label}' does not show its options in the prompt, so strategy "
                f"'{strategy.label}' cannot choose one. Use rank_by_likelihood, or show the "
                "options (show_options: true; for a jsonl task, {choices} in the prompt)"
            )
