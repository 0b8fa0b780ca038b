"""What the scheduler holds of each job: the plan to run, how far it is, and how it ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import isnan, nan
from traceback import format_exception, format_exception_only
from typing import Generic, Literal, TypeVar

from lab.core.budget import BudgetTracker, Price
from lab.core.charging import Backend
from lab.core.ledger import Cost, LedgerRow
from lab.core.prefixes import Prefixes, Tokens
from lab.core.types import Budget, Completion, Plan, Request
from lab.errors import DrawError

R = TypeVar("R")
Fault = Literal["", "engine", "plan"]


@dataclass(slots=True)
class Job(Generic[R]):
    """A plan to run: `group` is its problem's id (jobs of one group stand together), `strategy` its label.

    `traced`: whether its outcome says request by request what was charged.
    """

    group: str
    strategy: str
    plan: Plan[R]
    budget: Budget | None = None
    traced: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    """One request of a plan as it was charged: asked in the plan's `turn`-th batch, with this prompt."""

    request: Request
    turn: int
    prompt: Tokens
    completion: Completion
    row: LedgerRow


@dataclass(slots=True)
class Outcome(Generic[R]):
    """How a job ended: `result`, or `error` (a traceback) and `reason` (its one line) when the plan raised.

    `fault` says whose making a failure is: the engine's, which gave no completion or not the numbers that
    were asked for, or the plan's own. `lost` of the job's completions could not be drawn; a plan may do
    without some. `charges` are those of a traced job, in the order of its requests. `latency`: seconds along
    the plan's critical path, the slowest completion of each of its batches; `resident`: seconds of all its
    completions together, each beside others in the engine. Both are NaN where a completion's is not known.
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
    """A request's prompt, how many of its tokens are there already, and the most it can cost."""

    prompt: Tokens
    shared: int
    price: Price


@dataclass(slots=True)
class Live(Generic[R]):
    """A job under way. `rows` are in request order; None marks one whose completion is still out.

    `waiting` counts requests without a reply: `flying` of them are in an engine, the places of those that
    the budget did not admit yet are `held`. `failures` maps the rows of failed completions to their flights,
    `charges` the rows of a traced job to what was charged. `turn` counts the batches that were asked for;
    `slowest` has each one's longest latency.
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
        """A completion of the present batch took so long; NaN stays NaN."""
        before = self.slowest.get(self.turn, 0.0)
        self.slowest[self.turn] = before if before >= seconds or isnan(before) else seconds

    def fail(self, error: Exception) -> None:
        """End with what the plan's own code raised."""
        drawn = isinstance(error, DrawError)
        self.error, self.done = "".join(format_exception(error)), True
        self.fault = "engine" if drawn else "plan"
        self.reason = str(error) if drawn else "".join(format_exception_only(error)).strip()

    def outcome(self, rows: list[LedgerRow]) -> Outcome[R]:
        """How it ended, with the ledger rows of its completions."""
        lost = sum(row.finish_reason == "error" for row in rows)
        charges = tuple(self.charges[at] for at in sorted(self.charges))
        latency, resident = sum(self.slowest.values()), sum(row.latency for row in rows)
        how = (self.reason, self.fault, lost, self.why, charges, latency, resident)
        return Outcome(self.job, self.result, self.error, Cost.of(rows), *how)


@dataclass(slots=True)
class Waiter(Generic[R]):
    """A place in a live job that one completion fills."""

    live: Live[R]
    slot: int
    row: int
    quote: Quote


@dataclass(slots=True)
class Flight(Generic[R]):
    """One request inside the engine; the first waiter had it executed.

    `superseded`: a request for the same sample with more numbers is under way, whose completion is kept.
    """

    key: bytes
    request: Request
    backend: Backend
    waiters: list[Waiter[R]]
    superseded: bool = False
