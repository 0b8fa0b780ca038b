"""The scheduler's state of each job: the plan to run, its progress, and its outcome."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path
from traceback import format_exception, format_exception_only
from typing import Generic, Literal, TypeVar

from lab.core.ledger import Backend, Cost, LedgerRow
from lab.core.scheduling.budget import BudgetTracker, Price
from lab.core.scheduling.prefixes import Prefixes, Tokens
from lab.core.types import Budget, Completion, Plan, Request
from lab.errors import DrawError

R = TypeVar("R")
Fault = Literal["", "engine", "plan"]
_HERE = f"{Path(__file__).parents[3]}{os.sep}"
"""Where the lab is installed: no part of a traceback, which must not depend on it."""


@dataclass(slots=True)
class Job(Generic[R]):
    """A plan to run. `group`: its problem's id (jobs of a group are adjacent). `strategy`: its label.

    `traced`: whether the outcome lists the charge of every request.
    """

    group: str
    strategy: str
    plan: Plan[R]
    budget: Budget | None = None
    traced: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    """The charge for one request of a plan, with its prompt. It was in the plan's batch number `turn`."""

    request: Request
    turn: int
    prompt: Tokens
    completion: Completion
    row: LedgerRow


@dataclass(slots=True)
class Outcome(Generic[R]):
    """How a job ended: `result`, or `error` (a traceback) and `reason` (one line) if the plan raised.

    `fault` says what caused a failure: the engine, which did not return a completion or the requested
    numbers, or the plan's own code. `lost` of the job's completions could not be generated; a plan may not
    need all of them. `charges` are those of a traced job, in the order of its requests. `latency`: seconds
    along the plan's critical path, the sum over its batches of the slowest completion. `resident`: the sum of
    the seconds of all its completions, which run concurrently with others. Both are NaN if they are unknown
    for a completion.
    """

    job: Job[R]
    result: R | None
    error: str
    cost: Cost
    reason: str = ""
    fault: Fault = ""
    lost: int = 0
    why: str = ""
    charges: tuple[Charge, ...] = ()
    latency: float = nan
    resident: float = nan


@dataclass(frozen=True, slots=True)
class Quote:
    """A request's prompt, how many of its tokens are already computed, and its maximum cost."""

    prompt: Tokens
    shared: int
    price: Price


@dataclass(slots=True)
class Live(Generic[R]):
    """A job in progress. `rows` are in request order; None marks a pending completion.

    `waiting` counts requests without a reply: `flying` of them are in an engine, and `held` lists those that
    the budget does not admit yet. `failures` maps the rows of failed completions to their flights, `charges`
    the rows of a traced job to their charges. `turn` counts the batches so far; `slowest` has the longest
    latency of each.
    """

    job: Job[R]
    tracker: BudgetTracker | None = None
    started: bool = False
    held: deque[int] = field(default_factory=deque)
    rows: list[LedgerRow | None] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    charges: dict[int, Charge] = field(default_factory=dict)
    turn: int = 0
    slowest: dict[int, float] = field(default_factory=dict)
    failures: dict[int, int] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    replies: list[Completion | None] = field(default_factory=list)
    waiting: int = 0
    flying: int = 0
    prefixes: dict[str, Prefixes] = field(default_factory=dict)
    quoted: Quote | None = None
    result: R | None = None
    error: str = ""
    reason: str = ""
    fault: Fault = ""
    why: str = ""
    done: bool = False

    def wait(self, seconds: float) -> None:
        """Records the latency of a completion of the current batch; NaN stays NaN."""
        before = self.slowest.get(self.turn, 0.0)
        self.slowest[self.turn] = before if before >= seconds or isnan(before) else seconds

    def fail(self, error: Exception) -> None:
        """Ends the job with an exception of the plan's own code."""
        drawn = isinstance(error, DrawError)
        self.error, self.done = "".join(format_exception(error)).replace(_HERE, ""), True
        self.fault = "engine" if drawn else "plan"
        self.reason = str(error) if drawn else "".join(format_exception_only(error)).strip()

    def outcome(self, rows: list[LedgerRow]) -> Outcome[R]:
        """The outcome, with the ledger rows of its completions."""
        lost = sum(row.finish_reason == "error" for row in rows)
        charges = tuple(self.charges[at] for at in sorted(self.charges))
        latency, resident = sum(self.slowest.values()), sum(row.latency for row in rows)
        how = (self.reason, self.fault, lost, self.why, charges, latency, resident)
        return Outcome(self.job, self.result, self.error, Cost.of(rows), *how)


@dataclass(slots=True)
class Waiter(Generic[R]):
    """A place in a job that waits for a completion."""

    live: Live[R]
    slot: int
    row: int
    quote: Quote


@dataclass(slots=True)
class Flight(Generic[R]):
    """A request inside the engine. It was executed for the first of its waiters.

    `superseded`: a request for the same sample with more numbers is in progress, and its completion is stored
    instead.
    """

    key: bytes
    request: Request
    backend: Backend
    waiters: list[Waiter[R]]
    superseded: bool = False
