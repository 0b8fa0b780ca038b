"""Strategies inside strategies.

A cascade or a choice of method holds other strategies, of any kind in the union, itself defined in terms
of them. Their fields are annotated with the name `AnyStrategy`, which gets its meaning in `close`, once the
union is there. What an inner strategy may not have is said here too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from eval.strategies.base import StrategyComponent


def close(union: Any, *members: type[StrategyComponent]) -> None:
    """Let `AnyStrategy` in the modules of these members mean the finished union."""
    for member in members:
        vars(sys.modules[member.__module__])["AnyStrategy"] = union
    for member in members:
        member.model_rebuild(force=True)


def inner_faults(name: str, inner: Sequence[StrategyComponent]) -> Iterator[tuple[str, str]]:
    """Options that would have no effect inside another strategy."""
    for i, strategy in enumerate(inner):
        for limit in ("max_samples", "max_tokens", "budget_flops"):
            if getattr(strategy, limit) is not None:
                yield f"{name}.{i}.{limit}", "set it on the outer strategy, which pays for everything inside"
        if strategy.learns:
            yield f"{name}.{i}", f"{strategy.kind} must learn first and cannot do so inside another strategy"
