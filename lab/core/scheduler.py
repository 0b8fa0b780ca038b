"""One loop drives every plan of every problem and strategy at once.

A plan resumes as soon as its own completions are in; there is no barrier between problems, so the
engine's batch stays full. Plans never hold an engine: each request passes through here, where it is
looked up in the bank, coalesced with an equal request in flight, or submitted, and where its completion
is banked and charged. Outcomes and ledger rows leave in job order, whatever order the engine finishes
in, so that an interrupted and continued run writes the same bytes.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from lab.core.bank import Bank, Banked, bank_key
from lab.core.errors import CompletionError
from lab.core.flops import FlopsModel
from lab.core.ledger import Cost, Ledger, Row
from lab.core.prefixes import Prefixes, Tokens
from lab.core.progress import Progress, Quiet
from lab.core.protocols import Engine
from lab.core.seeds import derive_seed
from lab.core.types import Completion, Plan, Request, Sampling

R = TypeVar("R")
WINDOW = 8192
"""How many jobs may be finished or running beyond the oldest unfinished one: bounds memory."""


@dataclass(slots=True)
class Job(Generic[R]):
    """A plan to run: `group` is its problem's id (jobs of one group stand together), `strategy` its label."""

    group: str
    strategy: str
    plan: Plan[R]


@dataclass(slots=True)
class Outcome(Generic[R]):
    """How a job ended: `result`, or `error` (a traceback) when the plan raised; and what it cost."""

    job: Job[R]
    result: R | None
    error: str
    cost: Cost
    by_tag: dict[str, Cost]


@dataclass(slots=True)
class _Live(Generic[R]):
    """A job under way. `rows` are in request order; None marks one whose completion is still out."""

    job: Job[R]
    started: bool = False
    rows: list[Row | None] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    replies: list[Completion | None] = field(default_factory=list)
    waiting: int = 0
    prefixes: dict[str, Prefixes] = field(default_factory=dict)
    result: R | None = None
    error: str = ""
    done: bool = False


@dataclass(slots=True)
class _Waiter(Generic[R]):
    """A place in a live job that one completion fills."""

    live: _Live[R]
    slot: int
    row: int
    shared: int
    prompt: Tokens


@dataclass(slots=True)
class _Flight(Generic[R]):
    """One request inside the engine; the first waiter had it executed."""

    key: bytes
    request: Request
    waiters: list[_Waiter[R]]


def run_plans(
    jobs: Iterable[Job[R]],
    engine: Engine,
    *,
    bank: Bank,
    ledger: Ledger,
    flops: FlopsModel,
    run_seed: int,
    progress: Progress | None = None,
    total: int | None = None,
    what: str = "problems",
) -> Iterator[Outcome[R]]:
    """Run every job; yields outcomes in job order.

    A plan that raises gives an outcome with `error`; an engine that dies raises EngineError after
    everything finished so far is banked.
    """
    progress = progress or Quiet()
    progress.start(what, total or 0)
    scheduler = _Scheduler(iter(jobs), engine, bank, ledger, flops, run_seed, progress)
    try:
        yield from scheduler.run()
    finally:
        bank.commit()
        progress.stop()


class _Scheduler(Generic[R]):
    def __init__(
        self,
        jobs: Iterator[Job[R]],
        engine: Engine,
        bank: Bank,
        ledger: Ledger,
        flops: FlopsModel,
        run_seed: int,
        progress: Progress,
    ) -> None:
        self.jobs, self.engine, self.bank, self.ledger = jobs, engine, bank, ledger
        self.flops, self.run_seed, self.progress = flops, run_seed, progress
        self.order: deque[_Live[R]] = deque()
        self.ready: deque[_Live[R]] = deque()
        self.flights: dict[int, _Flight[R]] = {}
        self.by_key: dict[bytes, _Flight[R]] = {}
        self.flushed = self.submitted = self.tokens = 0
        self.exhausted = False
        self.claim_group, self.claimed = "", set[bytes]()

    def run(self) -> Iterator[Outcome[R]]:
        """Admit, resume, poll, until nothing is left."""
        while True:
            self._admit()
            while self.ready:
                self._resume(self.ready.popleft())
                yield from self._flush()
                self._admit()
            if not self.flights:
                return
            self._poll()

    def _admit(self) -> None:
        """Start jobs while the engine has room and the window is open."""
        while not self.exhausted and not self.ready and self._room():
            job = next(self.jobs, None)
            if job is None:
                self.exhausted = True
                return
            live = _Live(job)
            self.order.append(live)
            self.ready.append(live)

    def _room(self) -> bool:
        return len(self.flights) < self.engine.capacity and len(self.order) < WINDOW

    def _resume(self, live: _Live[R]) -> None:
        """Send a plan its completions (or a failure) and take its next requests, until it must wait."""
        try:
            requests = self._step(live)
            while not live.done and not self._ask(live, requests):
                requests = self._step(live)
        except StopIteration as stop:
            live.result, live.done = stop.value, True
        except Exception:
            live.error, live.done = traceback.format_exc(), True

    def _step(self, live: _Live[R]) -> list[Request]:
        """The plan's next requests, given the replies to its last ones."""
        if not live.started:
            live.started = True
            return next(live.job.plan)
        replies = [reply for reply in live.replies if reply is not None]
        failed = next((c for c, r in zip(replies, live.requests, strict=True) if _fatal(c, r)), None)
        if failed is not None:
            return live.job.plan.throw(CompletionError(failed.error or "the engine could not draw it"))
        return live.job.plan.send(replies)

    def _ask(self, live: _Live[R], requests: list[Request]) -> bool:
        """Look up or submit a plan's requests; True if it must wait for some.

        All are rendered before any is served, so that what counts as shared does not depend on who serves.
        """
        live.requests = [self._seeded(live, request) for request in requests]
        live.replies, live.waiting = [None] * len(live.requests), len(live.requests)
        waiters = [self._waiter(live, slot, request) for slot, request in enumerate(live.requests)]
        for waiter, request in zip(waiters, live.requests, strict=True):
            self._place(waiter, request)
        return live.waiting > 0

    def _waiter(self, live: _Live[R], slot: int, request: Request) -> _Waiter[R]:
        prompt = self.engine.render(request)
        shared = live.prefixes.setdefault(request.role, Prefixes()).shared(prompt)
        live.rows.append(None)
        live.keys.append(bank_key(self.engine.identity, prompt, request.sampling))
        return _Waiter(live, slot, len(live.rows) - 1, shared, prompt)

    def _seeded(self, live: _Live[R], request: Request) -> Request:
        sampling = request.sampling
        if sampling.seed is not None:
            return request
        seed = derive_seed(self.run_seed, live.job.group, request.role, request.index)
        s, r = sampling, request
        seeded = Sampling(s.temperature, s.top_p, s.max_tokens, s.stop, seed, s.logprobs, s.allowed_tokens)
        return Request(r.messages, seeded, r.role, r.prefix, r.tag, r.index, r.required)

    def _place(self, waiter: _Waiter[R], request: Request) -> None:
        """Serve one request from one in flight, from the bank, or from the engine."""
        key = waiter.live.keys[waiter.row]
        flight = self.by_key.get(key)
        if flight and flight.request.sampling.logprobs >= request.sampling.logprobs:
            flight.waiters.append(waiter)
        elif banked := self.bank.get(key, logprobs=request.sampling.logprobs):
            self._deliver(waiter, request, banked)
        else:
            self._submit(key, request, waiter)

    def _submit(self, key: bytes, request: Request, waiter: _Waiter[R]) -> None:
        flight = _Flight(key, request, [waiter])
        self.flights[self.submitted] = self.by_key[key] = flight
        self.engine.submit(self.submitted, request, waiter.prompt)
        self.submitted += 1

    def _poll(self) -> None:
        """Bank and deliver whatever the engine finished."""
        for number, completion in self.engine.poll():
            flight = self.flights.pop(number)
            if self.by_key.get(flight.key) is flight:
                del self.by_key[flight.key]
            owner = self._owner(flight.waiters[0].live)
            failed = completion.finish_reason == "error"
            kept = completion if failed else self.bank.put(flight.key, completion, owner)
            self.tokens += completion.usage.completion_tokens
            banked = Banked(kept, owner)
            for waiter in flight.waiters:
                self._deliver(waiter, waiter.live.requests[waiter.slot], banked)
                if waiter.live.waiting == 0:
                    self.ready.append(waiter.live)
        self.bank.commit()
        self.progress.update(self.flushed, self.tokens)

    def _owner(self, live: _Live[R]) -> str:
        return f"{self.ledger.owner}/{live.job.group}"

    def _deliver(self, waiter: _Waiter[R], request: Request, banked: Banked) -> None:
        """Put a completion in its place and charge it."""
        live, completion = waiter.live, banked.completion
        live.replies[waiter.slot] = completion
        live.waiting -= 1
        live.rows[waiter.row] = self._row(waiter, request, banked)
        if completion.token_ids:
            live.prefixes[request.role].add(waiter.prompt + completion.token_ids)

    def _row(self, waiter: _Waiter[R], request: Request, banked: Banked) -> Row:
        usage, job = banked.completion.usage, waiter.live.job
        prompt, generated = usage.prompt_tokens, usage.completion_tokens
        shared = _scaled(waiter.shared, len(waiter.prompt), prompt)
        decode = self.flops.decode(prompt, generated)
        return Row(
            problem=job.group,
            strategy=job.strategy,
            role=request.role,
            tag=request.tag,
            index=request.index,
            prompt_tokens=prompt,
            shared_tokens=shared,
            cached_tokens=usage.cached_tokens,
            completion_tokens=generated,
            flops_logical=self.flops.prefill(prompt) + decode,
            flops_shared=self.flops.prefill(prompt, shared) + decode,
            flops_engine=self.flops.prefill(prompt, usage.cached_tokens) + decode,
            seconds=banked.completion.seconds,
            served_from="engine" if banked.owner == self._owner(waiter.live) else "bank",
            finish_reason=banked.completion.finish_reason,
        )

    def _flush(self) -> Iterator[Outcome[R]]:
        """Hand out finished jobs in order and write their rows."""
        while self.order and self.order[0].done and self.order[0].waiting == 0:
            live = self.order.popleft()
            rows = [row for row in live.rows if row is not None]
            self._claim(live, rows)
            self.ledger.extend(rows)
            self.flushed += 1
            by_tag = _by_tag(rows)
            yield Outcome(live.job, live.result, live.error, sum(by_tag.values(), Cost()), by_tag)

    def _claim(self, live: _Live[R], rows: list[Row]) -> None:
        """Of equal requests of one problem, only the first in job order counts as executed."""
        if live.job.group != self.claim_group:
            self.claim_group, self.claimed = live.job.group, set()
        for key, row in zip(live.keys, rows, strict=True):
            if key in self.claimed:
                row.served_from = "bank"
            self.claimed.add(key)


def _fatal(completion: Completion, request: Request) -> bool:
    return request.required and completion.finish_reason == "error"


def _scaled(shared: int, rendered: int, prompt: int) -> int:
    """Shared tokens in the engine's own count, where what was rendered is not what it tokenises."""
    return shared if rendered == prompt else round(shared * prompt / max(rendered, 1))


def _by_tag(rows: list[Row]) -> dict[str, Cost]:
    tags = dict.fromkeys(row.tag for row in rows)
    return {tag: Cost.of([row for row in rows if row.tag == tag]) for tag in tags}
