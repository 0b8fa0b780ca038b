"""One row per completion, in plan order: who asked for it, what it cost, who served it.

`shared_tokens` counts the prompt tokens that an earlier sequence of the same plan and role already
holds; `cached_tokens` is the engine's own count. `served_from` is "engine" for a completion executed
for this stage and "bank" for one that was already there: both are charged, only the first was executed.
FLOPs of a model of which nothing is known are NaN in memory and null in files; what is summed with them is
unknown, too. The file with the rows is that of `lab.formats.ledger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import add, attrgetter
from typing import Protocol


@dataclass(slots=True)
class LedgerRow:
    """One completion. Tokens are counts, FLOPs are FLOPs (of `model`), seconds are engine seconds; `latency`
    is its wall time in the engine beside others, in seconds (NaN, null in files: not known)."""

    model: str
    problem: str
    strategy: str
    role: str
    tag: str
    index: int
    prompt_tokens: int
    shared_tokens: int
    cached_tokens: int
    completion_tokens: int
    flops_logical: float
    flops_shared: float
    flops_engine: float
    seconds: float
    served_from: str
    finish_reason: str
    latency: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a set of completions cost; costs add."""

    requests: int = 0
    prompt_tokens: int = 0
    shared_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    flops_logical: float = 0.0
    flops_shared: float = 0.0
    flops_engine: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.requests + other.requests, *map(add, _charges(self), _charges(other)))

    @classmethod
    def of(cls, rows: Sequence[LedgerRow]) -> Cost:
        """The cost of these rows, whoever served them."""
        return cls(len(rows), *map(sum, zip(*map(_charges, rows), strict=True))) if rows else cls()


_charges = attrgetter(*(f.name for f in fields(Cost)[1:]))


class Ledger(Protocol):
    """Where rows go, in order."""

    model: str
    """Name of the stage's own model."""
    owner: str
    """Names the stage's directory (which holds its digest): who had a banked completion executed."""

    def extend(self, rows: list[LedgerRow]) -> None:
        """Append rows in order."""
