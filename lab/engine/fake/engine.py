"""An engine without a model: a pure function of the rendered prompt and the sampling settings with the seed.

Tests give it a script. Smoke recipes use its built-in text, which ends in a number from a small range: some
answers to one-digit arithmetic are right, samples of one question agree more often than by chance, and some
are duplicates. A request of role "reward" gets a classifier's scores, one for each line of the last turn. The
engine can finish requests out of order, fail a fixed fraction of them, and crash. Tokens are words, each with
a stable id; time is virtual.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar, Literal
from zlib import crc32

from pydantic import Field

from lab.core.protocols import Engine, Weights
from lab.core.types import Completion, Request
from lab.engine.base import EngineComponent
from lab.engine.chat import CACHED_RENDERS
from lab.engine.fake.schema import json_text
from lab.engine.fake.text import choose, completion, likelihoods, prose, render_words, states, verdict
from lab.engine.replies import failed
from lab.errors import EngineError
from lab.system.machine import Machine

Script = Callable[[Request], "str | Completion"] | Iterable["str | Completion"]


class FakeConfig(EngineComponent):
    """A fake model for smoke recipes and tests: instant, deterministic, without weights."""

    loads_weights: ClassVar[bool] = False
    simulated: ClassVar[bool] = True
    classifies: ClassVar[bool] = True

    kind: Literal["fake"] = "fake"
    latency_order: Literal["in_order", "shuffled"] = "in_order"
    """Return completions in the order of the requests, or in a shuffled (repeatable) order."""
    fail_rate: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of requests that end with finish_reason "error"; a hash of the request decides which."""
    die_after: int | None = Field(default=None, ge=0)
    """Stop with an EngineError after this many completions, once per process."""
    batch: int = Field(default=64, ge=1)
    """Maximum number of completions returned at once; the engine holds four times as many requests."""
    pause: float = Field(default=0.0, ge=0.0)
    """Seconds that it sleeps before it returns completions: the speed of a cluster without the models."""

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """The settings it will use; they do not depend on the machine."""
        return {"device": "none", "batch": self.batch}

    def open(self, weights: Weights, *, expected_tokens: int) -> FakeEngine:
        """The engine. The weights are part of its identity, so two models answer differently."""
        return FakeEngine(
            identity=f"fake:{weights.digest}",
            latency_order=self.latency_order,
            fail_rate=self.fail_rate,
            die_after=self.die_after,
            batch=self.batch,
            pause=self.pause,
        )


class FakeEngine(Engine):
    """The engine. `script` decides the replies instead of the built-in text.

    A callable `(Request) -> str | Completion` is called per request. A list or generator gives its items in
    the order of submission and raises EngineError at its end. Text is cut at stop strings and at `max_tokens`
    like a model's; a Completion is returned unchanged.

    `cached_tokens` is always 0: there is no cache, and a number that depended on earlier requests would make
    interrupted and uninterrupted runs differ.
    """

    died = False
    """Whether an engine of this process already crashed because of `die_after`."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        identity: str = "fake",
        latency_order: Literal["in_order", "shuffled"] = "in_order",
        fail_rate: float = 0.0,
        die_after: int | None = None,
        batch: int = 64,
        pause: float = 0.0,
    ) -> None:
        self.identity = identity
        self.capacity = 4 * batch
        self.emitted = 0
        """Tokens generated so far (tests compare this with the ledger)."""
        self.drawn = 0
        """Completions returned so far."""
        self._salt = crc32(identity.encode())
        self._reply = _replier(script)
        self._batch, self._fail_rate, self._die_after = batch, fail_rate, die_after
        self._pause = pause
        self._random = random.Random(self._salt) if latency_order == "shuffled" else None
        self._pending: list[tuple[int, Request, tuple[int, ...]]] = []
        self._rendered = lru_cache(maxsize=CACHED_RENDERS)(render_words)

    def render(self, request: Request) -> tuple[int, ...]:
        """Word tokens of every turn, each after a token for its role, then the prefix's words."""
        turns = tuple((m["role"], m["content"]) for m in request.messages)
        return self._rendered(turns, request.prefix, request.speaker)

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Queues a request."""
        self._pending.append((id, request, prompt))

    def poll(self) -> list[tuple[int, Completion]]:
        """Up to `batch` completions. Raises EngineError after `die_after` completions."""
        taken = self._take()
        if taken and self._pause:
            time.sleep(self._pause)
        done = []
        for id, request, prompt in taken:
            self._maybe_die()
            reply = self._complete(request, prompt)
            self.drawn += 1
            self.emitted += reply.usage.completion_tokens
            done.append((id, reply))
        return done

    def close(self) -> None:
        """Discards the queue."""
        self._pending.clear()

    def _take(self) -> list[tuple[int, Request, tuple[int, ...]]]:
        pending = self._pending
        count = min(self._batch, len(pending))
        if self._random is not None:
            for at in range(count):
                other = self._random.randrange(at, len(pending))
                pending[at], pending[other] = pending[other], pending[at]
        taken, self._pending = pending[:count], pending[count:]
        return taken

    def _maybe_die(self) -> None:
        if self._die_after is not None and self.drawn >= self._die_after and not FakeEngine.died:
            FakeEngine.died = True
            raise EngineError(f"the fake engine stopped after {self.drawn} completions, as die_after asked")

    def _complete(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        """The reply, with the prefix's log-probabilities if they are requested."""
        found = self._answer(request, prompt)
        if not request.sampling.score_prefix or not found.drawn or found.prefix_logprobs:
            return found
        try:
            bare = self.render(replace(request, prefix=""))
            return replace(found, prefix_logprobs=likelihoods(bare, prompt, self._salt))
        except ValueError as error:
            return failed(len(prompt), str(error))

    def _answer(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        sampling = request.sampling
        prompt_state, state = states(prompt, sampling, self._salt)
        if self._fail_rate and state % 999_983 < self._fail_rate * 999_983:
            return failed(len(prompt), "the fake engine failed this request, as fail_rate asked")
        if self._reply is not None:
            reply = self._reply(request)
            if isinstance(reply, Completion):
                return reply
        elif request.role == "reward":
            return verdict(request.messages[-1]["content"], prompt, prompt_state)
        elif sampling.allowed_tokens:
            return choose(sampling, prompt, prompt_state, state)
        elif sampling.json_schema:
            try:
                reply = json_text(sampling.json_schema, state)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                return failed(len(prompt), f"json_schema cannot be followed: {error}")
        else:
            reply = prose(prompt_state, state, greedy=sampling.temperature <= 0)
        return completion(reply, sampling, prompt, state)


def _replier(script: Script | None) -> Callable[[Request], str | Completion] | None:
    if script is None or callable(script):
        return script
    replies: Iterator[str | Completion] = iter(script)

    def following(request: Request) -> str | Completion:
        for reply in replies:
            return reply
        raise EngineError("the fake engine's script has no more replies")

    return following
