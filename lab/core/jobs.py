"""What the scheduler holds of each job: the plan to run, how far it is, and how it ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from traceback import format_exception, format_exception_only
from typing import Generic, Literal, TypeVar

from lab.core.budget import Price, Purse
from lab.core.charging import Backend, by_tag
from lab.core.errors import DrawError
from lab.core.ledger import Cost, Row
from lab.core.prefixes import Prefixes, Tokens
from lab.core.types import Budget, Completion, Plan, Request

R = TypeVar("R")
Fault = Literal["", "engine", "plan"]


@dataclass(slots=True)
class Job(Generic[R]):
    """A plan to run: `group` is its problem's id (jobs of one group stand together), `strategy` its label."""

    group: str
    strategy: str
    plan: Plan[R]
    budget: Budget | None = None


@dataclass(slots=True)
class Outcome(Generic[R]):
    """How a job ended: `result`, or `error` (a traceback) and `reason` (its one line) when the plan raised.

    `fault` says whose making a failure is: the engine's, which gave no completion or not the numbers that
    were asked for, or the plan's own. `lost` of the job's completions could not be drawn; a plan may do
    without some.
    """

    job: Job[R]
    result: R | None
    error: str
    cost: Cost
    by_tag: dict[str, Cost]
    reason: str = ""
    fault: Fault = ""
    lost: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A request's prompt, how many of its tokens are there already, and the most it can cost."""

    prompt: Tokens
    shared: int
    price: Price


@dataclass(slots=True)
class Live(Generic[R]):
    """A job under way. `rows` are in request order; None marks one whose completion is still out.

    `waiting` counts requests without a reply: `flying` of them are in an engine, the places of those that
    the budget did not admit yet are `held`. `failures` maps the rows of failed completions to their flights.
    """

    job: Job[R]
    purse: Purse | None = None
    started: bool = False
    held: deque[int] = field(default_factory=deque)
    rows: list[Row | None] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
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

    def fail(self, error: Exception) -> None:
        """End with what the plan's own code raised."""
        drawn = isinstance(error, DrawError)
        self.error, self.done = "".join(format_exception(error)), True
        self.fault = "engine" if drawn else "plan"
        self.reason = str(error) if drawn else "".join(format_exception_only(error)).strip()

    def outcome(self, rows: list[Row]) -> Outcome[R]:
        """How it ended, with the ledger rows of its completions."""
        costs = by_tag(rows)
        total, lost = sum(costs.values(), Cost()), sum(row.finish_reason == "error" for row in rows)
        how = (self.reason, self.fault, lost, self.why)
        return Outcome(self.job, self.result, self.error, total, costs, *how)


@dataclass(slots=True)
class Waiter(Generic[R]):
    """A place in a live job that one completion fills."""

    live: Live[R]
    slot: int
    row: int
    quote: Quote


@dataclass(slots=True)
class Flight(Generic[R]):
    """One request inside the engine; the first waiter had it executed."""

    key: bytes
    request: Request
    backend: Backend
    waiters: list[Waiter[R]]
