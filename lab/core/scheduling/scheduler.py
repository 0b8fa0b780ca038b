"""One loop runs the plans of all problems and strategies concurrently.

A plan resumes as soon as its own completions have arrived. There is no barrier between problems, so the
engine's batch stays full. Plans have no access to an engine: each request passes through here. It is sent to
the model that it names, served from the bank, merged with an equal request in progress, or submitted to the
engine; its completion is stored and charged. A plan with a budget gets only what the budget allows. Outcomes
and ledger rows are written in job order, independent of the order in which the engine finishes, so an
interrupted and continued run writes the same bytes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from lab.core.bank.entry import rounded
from lab.core.bank.samples import Asked, Banked, CompletionStore, bank_key
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend, Ledger, row_of
from lab.core.protocols import Engine
from lab.core.scheduling.budget import BudgetTracker, price_of
from lab.core.scheduling.jobs import Charge, Flight, Job, Live, Outcome, Quote, Waiter
from lab.core.scheduling.prefixes import Prefixes
from lab.core.seeds import derive_seed
from lab.core.types import Completion, Request, Sampling, Usage
from lab.errors import CompletionError, LabError, StageError, nearest
from lab.system.progress import Progress, Quiet

__all__ = ["Job", "Outcome", "run_plans"]

R = TypeVar("R")
WINDOW = 8192
"""How many jobs may be running or finished after the oldest unfinished one. This bounds memory."""


def run_plans(
    jobs: Iterable[Job[R] | None],
    engine: Engine,
    *,
    bank: CompletionStore,
    ledger: Ledger,
    flops: FlopsModel,
    run_seed: int,
    models: Mapping[str, Backend] | None = None,
    progress: Progress | None = None,
    total: int | None = None,
    what: str = "problems",
) -> Iterator[Outcome[R]]:
    """Runs every job and yields outcomes in job order.

    None among the jobs means that there is none for now: the next one is asked for after more completions.
    `models` are those that requests may name besides the stage's own. If a plan raises, its outcome has
    `error`. If an engine dies, EngineError is raised after everything finished so far has been stored. A
    prompt that cannot be rendered raises StageError.
    """
    progress = progress or Quiet()
    progress.start(what, total or 0)
    backends = {"": Backend(ledger.model, engine, flops), **(models or {})}
    scheduler = _Scheduler(iter(jobs), backends, bank, ledger, run_seed, progress)
    try:
        yield from scheduler.run()
    finally:
        bank.commit()
        progress.stop()


class _Scheduler(Generic[R]):
    def __init__(
        self,
        jobs: Iterator[Job[R] | None],
        backends: Mapping[str, Backend],
        bank: CompletionStore,
        ledger: Ledger,
        run_seed: int,
        progress: Progress,
    ) -> None:
        self.jobs, self.backends, self.bank, self.ledger = jobs, backends, bank, ledger
        self.run_seed, self.progress = run_seed, progress
        self.capacity = backends[""].engine.capacity
        self.order: deque[Live[R]] = deque()
        self.ready: deque[Live[R]] = deque()
        self.flights: dict[int, Flight[R]] = {}
        self.by_key: dict[bytes, Flight[R]] = {}
        self.flying = Counter[str]()
        self.flushed = self.submitted = self.tokens = 0
        self.exhausted = False
        self.claim_group, self.claimed = "", set[bytes]()

    def run(self) -> Iterator[Outcome[R]]:
        """Admits, resumes and polls until nothing is left."""
        while True:
            self._admit()
            while self.ready:
                self._resume(self.ready.popleft())
                yield from self._flush()
                self._admit()
            if self.flights:
                self._poll()
            elif self.exhausted:
                return

    def _admit(self) -> None:
        """Starts jobs while the engine has capacity and the window is not full."""
        while not self.exhausted and not self.ready and self._room():
            try:
                job = next(self.jobs)
            except StopIteration:
                self.exhausted = True
                return
            if job is None:
                return
            live = Live(job, BudgetTracker(job.budget) if job.budget else None)
            self.order.append(live)
            self.ready.append(live)

    def _room(self) -> bool:
        return len(self.flights) < self.capacity and len(self.order) < WINDOW

    def _resume(self, live: Live[R]) -> None:
        """Sends a plan its completions (or a failure) and takes its next requests, until it has to wait."""
        if live.held:
            self._issue(live)
        while not live.done and not live.waiting:
            live.requests = self._advance(live)
            live.turn += 1
            live.replies = [None] * len(live.requests)
            live.waiting, live.held = len(live.requests), deque(range(len(live.requests)))
            self._issue(live)

    def _advance(self, live: Live[R]) -> list[Request]:
        """The plan's next requests; none if it has ended. Exceptions of its own code make a failed answer.

        Other exceptions (of the bank, a chat template, an engine) are not caught: they end the stage.
        """
        try:
            return [self._seeded(live, request) for request in self._step(live)]
        except StopIteration as stop:
            live.result, live.done = stop.value, True
        except (LabError, MemoryError):
            raise
        except Exception as error:
            live.fail(error)
        return []

    def _step(self, live: Live[R]) -> list[Request]:
        """The plan's next requests after the replies to its last ones."""
        if not live.started:
            live.started = True
            return next(live.job.plan)
        replies = [reply for reply in live.replies if reply is not None]
        failed = next((c for c, r in zip(replies, live.requests, strict=True) if _fatal(c, r)), None)
        if failed is not None:
            return live.job.plan.throw(CompletionError(failed.error or "the engine could not generate it"))
        return live.job.plan.send(replies)

    def _issue(self, live: Live[R]) -> None:
        """Serves or submits the held requests that the budget allows; refuses the rest if none is in
        progress.

        All are rendered before any is served, so that the shared tokens do not depend on who serves them.
        """
        while live.held:
            waiters = list(self._admitted(live))
            for waiter in waiters:
                self._place(waiter, live.requests[waiter.slot])
            if not waiters and live.waiting == len(live.held):
                self._refuse(live)
            elif live.waiting > len(live.held) or not waiters:
                return

    def _admitted(self, live: Live[R]) -> Iterator[Waiter[R]]:
        """The held requests, in order, up to the first that the budget does not allow now."""
        while live.held:
            slot = live.held[0]
            quote = live.quoted or self._quote(live, live.requests[slot])
            live.quoted = quote
            if live.tracker and not live.tracker.admits(quote.price):
                shorter = None if live.tracker.used else self._shorten(live, slot, quote)
                if shorter is None:
                    return
                quote = shorter
            if live.tracker:
                live.tracker.reserve(quote.price)
            live.held.popleft()
            live.quoted = None
            yield self._waiter(live, slot, quote)

    def _quote(self, live: Live[R], request: Request) -> Quote:
        """Renders a request and counts the prompt tokens that the plan has already computed with this
        model.
        """
        backend = self._backend(request)
        try:
            prompt = backend.engine.render(request)
        except (LabError, MemoryError):
            raise
        except Exception as error:
            who = f"strategy '{live.job.strategy}', problem {live.job.group}"
            raise StageError(f"{who}: the prompt could not be made: {error}") from error
        shared = live.prefixes.setdefault(request.model, Prefixes()).shared(prompt)
        return Quote(prompt, shared, price_of(request, len(prompt), shared, backend.flops))

    def _shorten(self, live: Live[R], slot: int, quote: Quote) -> Quote | None:
        """Shortens a plan's first request to fit its budget; None if not even one token fits."""
        request, prompt = live.requests[slot], quote.prompt
        assert live.tracker is not None
        flops = self._backend(request).flops
        tokens = live.tracker.longest(request, len(prompt), quote.shared, flops)
        if tokens < 1:
            return None
        live.requests[slot] = request = replace(request, sampling=request.sampling.but(max_tokens=tokens))
        return Quote(prompt, quote.shared, price_of(request, len(prompt), quote.shared, flops))

    def _refuse(self, live: Live[R]) -> None:
        """Returns the held requests without completions: the budget is used up."""
        for slot in live.held:
            live.replies[slot] = Completion("", "budget", Usage(0, 0, 0))
        live.waiting -= len(live.held)
        live.held.clear()
        live.quoted = None

    def _waiter(self, live: Live[R], slot: int, quote: Quote) -> Waiter[R]:
        request = live.requests[slot]
        live.rows.append(None)
        identity = self._backend(request).engine.identity
        problem = live.job.group
        live.keys.append(bank_key(identity, quote.prompt, request.sampling, request.prefix, problem=problem))
        return Waiter(live, slot, len(live.rows) - 1, quote)

    def _backend(self, request: Request) -> Backend:
        found = self.backends.get(request.model)
        if found is None:
            known = [name for name in self.backends if name]
            raise StageError(
                f"the stage has no model called '{request.model}'.{nearest(request.model, known)}"
            )
        return found

    def _seeded(self, live: Live[R], request: Request) -> Request:
        s, r = request.sampling, request
        if s.seed is not None:
            return request
        seed = derive_seed(self.run_seed, live.job.group, r.role, r.index)
        return replace(r, sampling=s.but(seed=seed))

    def _place(self, waiter: Waiter[R], request: Request) -> None:
        """Serves one request from an equal one in progress, from the bank, or from the engine."""
        key, sampling = waiter.live.keys[waiter.row], request.sampling
        flight = self.by_key.get(key)
        if flight and _gives(flight.request.sampling, sampling):
            flight.waiters.append(waiter)
            waiter.live.flying += 1
        elif banked := self.bank.get(
            key,
            problem=waiter.live.job.group,
            logprobs=sampling.logprobs,
            certainty=sampling.certainty,
            former=self._former(waiter, request) if self.bank.former else None,
        ):
            self._deliver(waiter, request, banked)
        else:
            self._submit(key, self._for_all(waiter, request, flight), waiter)

    def _former(self, waiter: Waiter[R], request: Request) -> bytes:
        """The sample's key in older banks."""
        engine = self._backend(request).engine
        identity = engine.former_identity or engine.identity
        return bank_key(identity, waiter.quote.prompt, request.sampling, request.prefix)

    def _for_all(self, waiter: Waiter[R], request: Request, flight: Flight[R] | None) -> Request:
        """The request, extended by all numbers that other requests for the same sample want or wanted.

        Otherwise each would replace the completion of the other, and both would be generated again in every
        run.
        """
        sampling, live = request.sampling, waiter.live
        asked = Asked(sampling.logprobs, sampling.certainty)
        asked |= self.bank.asked(live.keys[waiter.row], problem=live.job.group)
        if flight:
            flight.superseded = True
            asked |= Asked(flight.request.sampling.logprobs, flight.request.sampling.certainty)
        more = sampling.but(logprobs=asked.logprobs, certainty=asked.certainty)
        return request if more == sampling else replace(request, sampling=more)

    def _submit(self, key: bytes, request: Request, waiter: Waiter[R]) -> None:
        flight = Flight(key, request, self._backend(request), [waiter])
        self.flights[self.submitted] = self.by_key[key] = flight
        self.flying[request.model] += 1
        waiter.live.flying += 1
        flight.backend.engine.submit(self.submitted, request, waiter.quote.prompt)
        self.submitted += 1

    def _poll(self) -> None:
        """Polls each engine that has work, and stores and delivers what has finished."""
        for name in [name for name, count in self.flying.items() if count]:
            for number, completion in self.backends[name].engine.poll():
                self.flying[name] -= 1
                self._finished(number, self.flights.pop(number), completion)
        self.bank.commit()
        self.progress.update(self.flushed, self.tokens)

    def _finished(self, number: int, flight: Flight[R], completion: Completion) -> None:
        """Stores one completion and delivers it to all who wait for it."""
        if self.by_key.get(flight.key) is flight:
            del self.by_key[flight.key]
        owner = self._owner(flight.waiters[0].live)
        if completion.finish_reason != "error" and not flight.superseded:
            sampling = flight.request.sampling
            asked = {"certainty": sampling.certainty, "logprobs": sampling.logprobs}
            completion = self.bank.put(flight.key, completion, owner, **asked)
        elif flight.superseded:
            completion = rounded(completion)
        self.tokens += completion.usage.completion_tokens
        banked = Banked(completion, owner)
        for waiter in flight.waiters:
            live = waiter.live
            live.flying -= 1
            if completion.finish_reason == "error":
                live.failures[waiter.row] = number
                live.why = live.why or completion.error
            self._deliver(waiter, live.requests[waiter.slot], banked)
            if live.waiting == len(live.held):
                self.ready.append(live)

    def _owner(self, live: Live[R]) -> str:
        return f"{self.ledger.owner}/{live.job.group}"

    def _deliver(self, waiter: Waiter[R], request: Request, banked: Banked) -> None:
        """Puts a completion into its place and charges it."""
        live, completion, quote = waiter.live, banked.completion, waiter.quote
        live.replies[waiter.slot] = completion
        live.waiting -= 1
        live.rows[waiter.row] = row = row_of(
            completion,
            request,
            self._backend(request),
            problem=live.job.group,
            strategy=live.job.strategy,
            rendered=len(quote.prompt),
            shared=quote.shared,
            served_from="engine" if banked.owner == self._owner(live) else "bank",
        )
        live.wait(row.latency)
        if live.job.traced:
            live.charges[waiter.row] = Charge(request, live.turn, quote.prompt, completion, row)
        if live.tracker:
            live.tracker.settle(quote.price, row.completion_tokens, row.flops_shared)
        if completion.token_ids:
            live.prefixes[request.model].add(quote.prompt, completion.token_ids)

    def _flush(self) -> Iterator[Outcome[R]]:
        """Writes the rows of finished jobs and yields their outcomes, in order."""
        while self.order and self.order[0].done and self.order[0].waiting == 0:
            live = self.order.popleft()
            rows = [row for row in live.rows if row is not None]
            self._claim(live)
            self.ledger.extend(rows)
            self.flushed += 1
            yield live.outcome(rows)

    def _claim(self, live: Live[R]) -> None:
        """Marks only the first of equal requests of one problem, in job order, as executed.

        A failed completion is not stored: a plan that requests it again has it executed again. Whether the
        request of another plan came before or after the failure depends on time, so equal failures of two
        plans count as one.
        """
        if live.job.group != self.claim_group:
            self.claim_group, self.claimed = live.job.group, set()
        tries: dict[bytes, dict[int, int]] = {}
        for i, (key, row) in enumerate(zip(live.keys, live.rows, strict=True)):
            if row is not None:
                drawn = key
                if (flight := live.failures.get(i)) is not None:
                    mine = tries.setdefault(key, {})
                    drawn += mine.setdefault(flight, len(mine)).to_bytes(8, "big")
                if drawn in self.claimed:
                    row.served_from = "bank"
                self.claimed.add(drawn)


def _fatal(completion: Completion, request: Request) -> bool:
    return request.required and completion.finish_reason == "error"


def _gives(drawn: Sampling, wanted: Sampling) -> bool:
    """Whether a completion in progress will have every requested number."""
    return drawn.logprobs >= wanted.logprobs and drawn.certainty >= wanted.certainty
