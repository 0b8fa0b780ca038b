"""The ledger: one row per completion, in plan order, with who requested it, its cost, and its source.

`shared_tokens` counts the prompt tokens that an earlier sequence of the same plan and role already has.
`cached_tokens` is the engine's own count. `served_from` is "engine" for a completion that was executed for
this stage and "bank" for one that was already stored: both are charged, only the first was executed. FLOPs of
an unknown model are NaN in memory and null in files; sums with them are unknown, too. `lab.formats.ledger`
reads and writes the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import add, attrgetter
from typing import Protocol


@dataclass(slots=True)
class LedgerRow:
    """One completion. Tokens are counts, FLOPs are those of `model`, and seconds are engine seconds.
    `latency` is the wall time in the engine, concurrently with others, in seconds (unknown: NaN, null in
    files).
    """

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
    """The cost of a set of completions. Costs can be added."""

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
        """The cost of these rows, from engine and bank alike."""
        return cls(len(rows), *map(sum, zip(*map(_charges, rows), strict=True))) if rows else cls()


_charges = attrgetter(*(f.name for f in fields(Cost)[1:]))


class Ledger(Protocol):
    """Receives rows in order."""

    model: str
    """The name of the stage's own model."""
    owner: str
    """The stage's directory name (with its digest), recorded as the owner of executed completions."""

    def extend(self, rows: list[LedgerRow]) -> None:
        """Appends rows in order."""
