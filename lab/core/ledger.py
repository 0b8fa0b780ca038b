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
from functools import partial
from operator import add, attrgetter
from typing import Protocol

from lab.core.flops.model import FlopsModel
from lab.core.protocols import Engine
from lab.core.types import Completion, Request


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


@dataclass(frozen=True, slots=True)
class Backend:
    """A model that receives requests: its name, its engine, and its FLOPs."""

    name: str
    engine: Engine
    flops: FlopsModel


class TimeShare:
    """Divides an engine's busy time evenly among the requests in progress.

    A request is charged `total` (seconds) at its end minus `total` at its entry; so the charges of all
    requests add up to the busy time.
    """

    def __init__(self) -> None:
        self.total = 0.0

    def add(self, seconds: float, under_way: int) -> None:
        """Adds seconds with this number of requests in progress; without requests, nothing is charged."""
        if under_way:
            self.total += seconds / under_way


def row_of(
    completion: Completion,
    request: Request,
    backend: Backend,
    *,
    problem: str,
    strategy: str,
    rendered: int,
    shared: int,
    served_from: str,
) -> LedgerRow:
    """One row with costs at three cache levels. `shared` of the `rendered` prompt tokens are already
    computed.

    A classifier (role "reward") generates nothing and has no language-model head. A scored prefix uses the
    logits of each of its tokens in addition to those of the last position.
    """
    usage, flops = completion.usage, backend.flops
    prompt, generated = usage.prompt_tokens, usage.completion_tokens
    shared = _scaled(shared, rendered, prompt)
    logits = 1 + len(completion.prefix_logprobs)
    prefill = flops.classify if request.role == "reward" else partial(flops.prefill, logits=logits)
    decode = flops.decode(prompt, generated)
    return LedgerRow(
        model=backend.name,
        problem=problem,
        strategy=strategy,
        role=request.role,
        tag=request.tag,
        index=request.index,
        prompt_tokens=prompt,
        shared_tokens=shared,
        cached_tokens=usage.cached_tokens,
        completion_tokens=generated,
        flops_logical=prefill(prompt) + decode,
        flops_shared=prefill(prompt, shared) + decode,
        flops_engine=prefill(prompt, usage.cached_tokens) + decode,
        seconds=completion.seconds,
        served_from=served_from,
        finish_reason=completion.finish_reason,
        latency=completion.waited,
    )


def _scaled(shared: int, rendered: int, prompt: int) -> int:
    """Shared tokens in the engine's own count, if it tokenises a prompt differently from what was
    rendered.
    """
    return shared if rendered == prompt else round(shared * prompt / max(rendered, 1))
