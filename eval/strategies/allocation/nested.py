"""Options that a strategy inside another one must not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.strategies.base import StrategyComponent


def inner_faults(name: str, inner: Sequence[StrategyComponent]) -> Iterator[tuple[str, str]]:
    """Options that would have no effect inside another strategy: (field, message)."""
    for i, strategy in enumerate(inner):
        limits = {
            "max_samples": strategy.max_samples,
            "max_tokens": strategy.max_tokens,
            "budget_flops": strategy.budget_flops,
        }
        for limit, value in limits.items():
            if value is not None:
                yield (
                    f"{name}.{i}.{limit}",
                    "set it on the outer strategy, whose budget covers everything inside",
                )
        if strategy.learns:
            yield (
                f"{name}.{i}",
                f"{strategy.kind} has to learn first, which is not possible inside another strategy",
            )
