"""The engine of kind "openai": concurrent requests with retries, behind `submit` and `poll`.

An event loop in a background thread runs up to `concurrency` requests; finished ones wait in a queue for
`poll`. If the server is busy or broken, a request is retried a limited number of times. A problem with one
request becomes a failed completion. A problem with the server (no connection, no reply, permanently
overloaded) becomes one EngineError. A problem that no retry can fix (a refused key, no server at all) becomes
one StageError. Secrets that were sent to a server are removed from its replies before anything is stored.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine
from dataclasses import replace
from time import perf_counter
from typing import Any

from lab.core.ledger import TimeShare
from lab.core.protocols import Engine, Weights
from lab.core.types import Completion, Request
from lab.engine.certainty import wanted
from lab.engine.chat import ChatRenderer, load_tokenizer, plain_messages
from lab.engine.openai.group_lock import GroupLock
from lab.engine.openai.settings import ServerSettings
from lab.engine.openai.transport import HttpReply, Later, Transport
from lab.engine.openai.unsupported_parameters import UnsupportedParameters, advice
from lab.engine.openai.version import UNKNOWN, Fingerprints, version_of
from lab.engine.openai.wire import (
    BadReply,
    Dialect,
    as_chat,
    body,
    largest,
    plain_body,
    prefix_logprobs,
    read,
)
from lab.engine.replies import failed
from lab.errors import EngineError, LabError, StageError, nearest
from lab.language.unicode import storable
from lab.system.files import canonical_json, digest_of
from lab.system.redact import learn, redacted, redacted_data, without

POLL_SECONDS = 0.2


class OpenAIEngine(Engine):
    """The engine; made by `OpenAIConfig.open`."""

    def __init__(self, config: ServerSettings, weights: Weights) -> None:
        self._config, self._secrets = config, config.secrets()
        learn(*self._secrets)
        self._transport, self._unsupported = Transport(config), UnsupportedParameters()
        self._loop = asyncio.new_event_loop()
        self._done: queue.SimpleQueue[tuple[int, Completion] | LabError] = queue.SimpleQueue()
        self._pending = self._active = 0
        self._share, self._changed = TimeShare(), perf_counter()
        self._useless: LabError | None = None
        self.seconds = 0.0
        """Wall time with at least one request in progress: the sum of all completions' `seconds`."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai-engine", daemon=True)
        self._thread.start()
        self._slots, self._groups = asyncio.Semaphore(config.concurrency), GroupLock()
        self._fingerprints = Fingerprints()
        try:
            self._model, self._dialect = self._call(self._greet(weights))
            self._version = self._call(version_of(config.address, self._transport.glance))
            self._renderer = _renderer(config, weights)
        except BaseException:
            self.close()
            raise
        extra = [digest_of(redacted_data(config.extra, learnt=False))] if config.extra else []
        self.former_identity = ":".join(["openai", config.address, self._model, *extra])
        self.identity = f"{self.former_identity}:version-{self._version}"
        self.capacity = 4 * config.concurrency

    def render(self, request: Request) -> tuple[int, ...]:
        """Token ids by the model's tokenizer if it is available, else the bytes of the messages as JSON."""
        if self._renderer is not None:
            return self._renderer.render(request)
        messages = [*plain_messages(request.messages), {"role": "assistant", "content": request.prefix}]
        return tuple(canonical_json(messages).encode())

    @property
    def notes(self) -> list[str]:
        """Notes for the user: parameters that the server refuses, FLOPs set in the recipe, and an unknown
        version.
        """
        by_hand = (
            f"FLOPs of {self._model} use the size given in the recipe: about 2 x parameters per "
            "token, without attention"
        )
        unnamed = [self._fingerprints.note(self._config.address)] if self._version == UNKNOWN else []
        return [*([by_hand] if self._config.flops() else []), *self._unsupported.notes, *unnamed]

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Starts a request in the background."""
        self._pending += 1
        asyncio.run_coroutine_threadsafe(self._run(id, request, prompt), self._loop)

    def poll(self) -> list[tuple[int, Completion]]:
        """Finished completions; waits briefly if there are none. Raises LabError if the server cannot be
        used.
        """
        done: list[tuple[int, Completion]] = []
        while self._pending:
            try:
                item = self._done.get(timeout=0 if done else POLL_SECONDS)
            except queue.Empty:
                break
            if isinstance(item, LabError):
                raise item
            self._pending -= 1
            done.append(item)
        return done

    def close(self) -> None:
        """Cancels requests in progress and ends the thread."""
        if self._loop.is_closed():
            return
        self._call(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _shut(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close()

    async def _greet(self, weights: Weights) -> tuple[str, Dialect]:
        """(model name on the server, dialect), from the server's list of models if it has one."""
        try:
            reply = await self._transport.request("GET", "models", None)
        except Later as fault:
            raise self._transport.given_up(fault) from fault
        listed = _models(reply)
        names = [str(item.get("id", "")) for item in listed]
        owners = {item.get("owned_by") for item in listed}
        dialect: Dialect = "vllm" if "vllm" in owners else "openai"
        if self._config.dialect != "auto":
            dialect = self._config.dialect
        return _choose(self._config, weights, names), dialect

    async def _run(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Runs one request and puts its completion into the queue."""
        async with self._groups.held_by(self._group(request)), self._slots:
            if self._useless is not None:
                return  # no request is sent to a server that was found unusable
            since, began = self._tick(+1), perf_counter()
            try:
                outcome: Completion | LabError = self._clean(await self._complete(request, prompt))
            except LabError as error:
                self._useless = outcome = error
            except asyncio.CancelledError:
                raise
            except Exception as error:
                outcome = failed(len(prompt), redacted(f"{type(error).__name__}: {error}"))
            finally:
                seconds = self._tick(-1) - since
        if isinstance(outcome, Completion):
            self._done.put((id, replace(outcome, seconds=seconds, latency=perf_counter() - began)))
        else:
            self._done.put(outcome)

    def _clean(self, said: Completion) -> Completion:
        """The completion without secrets that were sent to this server and may be repeated in its reply."""
        text, reasoning = (without(text, self._secrets) for text in (said.text, said.reasoning))
        return replace(said, text=text, reasoning=reasoning, error=storable(redacted(said.error)))

    def _group(self, request: Request) -> str:
        """The group of requests with which this one may share a step: see `group_lock`."""
        if self._dialect != "vllm":
            return ""
        return "choice" if request.sampling.allowed_tokens else "listed" if wanted(request.sampling) else ""

    async def _complete(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        allowed = request.sampling.allowed_tokens
        if not all(allowed):
            return failed(len(prompt), "one of the allowed answers is empty")
        choices = self._renderer.first_tokens(allowed) if allowed and self._renderer else {}
        try:
            if request.speaker == "user" or request.sampling.score_prefix:
                return await self._plain(request, prompt)
            fields = body(request, self._model, self._dialect, choices, self._config.extra)
            reply = await self._ask("chat/completions", fields, largest(request, prompt))
            if reply.status != 200:
                return failed(len(prompt), f"the server rejected the request: {reply.words}{advice(reply)}")
            count = self._renderer.count if self._renderer else None
            return read(reply.data, request, choices, prompt=len(prompt), tokens=count)
        except BadReply as error:
            return failed(len(prompt), f"the server's reply cannot be used: {error}")
        except Later as fault:
            if fault.server:
                raise self._transport.given_up(fault) from fault
            return failed(len(prompt), f"the request failed {self._config.attempts} times: {fault}")

    async def _plain(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        """Runs a plain completion of the rendered tokens, for user turns and for the likelihood of a prefix,
        which chat endpoints do not provide.
        """
        scored = request.sampling.score_prefix
        if self._renderer is None or self._dialect != "vllm":
            what = "scoring a given text" if scored else "generating a user message"
            return failed(len(prompt), f"{what} needs a vLLM server and the model's tokenizer")
        start = self._renderer.prefix_start(request, prompt) if scored else len(prompt)
        stop = self._renderer.stop(request)
        fields = plain_body(request, self._model, prompt, stop, self._config.extra)
        reply = await self._ask("completions", fields, largest(request, prompt))
        if reply.status != 200:
            return failed(len(prompt), f"the server rejected the request: {reply.words}{advice(reply)}")
        found = read(as_chat(reply.data), request, {}, prompt=len(prompt), tokens=self._renderer.count)
        return replace(found, prefix_logprobs=prefix_logprobs(reply.data, prompt, start)) if scored else found

    async def _ask(self, path: str, fields: dict[str, Any], limit: int) -> HttpReply:
        """The reply to a request. If the server refuses an optional parameter, the request is sent again
        without it.

        Raises BadReply if the reply is too large.
        """
        while True:
            sent = self._unsupported.leave_out(fields)
            reply = await self._transport.request("POST", path, sent, limit=limit)
            if reply.status == 200 and reply.data is None:
                raise BadReply(reply.text)
            self._fingerprints.add(reply.data)
            if not self._unsupported.add(reply, sent):
                return reply

    def _tick(self, change: int) -> float:
        """Advances the time share: seconds of busy time divided by the number of requests in progress."""
        now = perf_counter()
        self._share.add(now - self._changed, self._active)
        if self._active:
            self.seconds += now - self._changed
        self._changed, self._active = now, self._active + change
        return self._share.total


def _renderer(config: ServerSettings, weights: Weights) -> ChatRenderer | None:
    if config.tokenizer:
        try:
            return ChatRenderer(load_tokenizer(config.tokenizer))
        except Exception as error:
            raise EngineError(f"engine.tokenizer '{config.tokenizer}' cannot be loaded: {error}") from error
    if (weights.path / "tokenizer.json").is_file():
        return ChatRenderer(load_tokenizer(weights.path))
    return None


def _models(reply: HttpReply) -> list[dict[str, Any]]:
    """The server's models; none if it has no list of models."""
    listed = reply.data.get("data") if reply.status == 200 and isinstance(reply.data, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _choose(config: ServerSettings, weights: Weights, names: list[str]) -> str:
    """The model's name on the server. `names` are the names that the server lists. Raises StageError.

    A model whose files are on this machine may have any name there if it is the only one. A model that is
    only a name must be in the list. Servers may list `models/x` for the name `x`.
    """
    wanted = config.model or weights.name
    if not names or any(wanted in (name, name.rpartition("/")[2]) for name in names):
        return wanted
    if not config.model and len(names) == 1 and weights.path.is_dir():
        return names[0]
    hint = nearest(wanted, [storable(name[:100]) for name in names])
    where = "engine.model" if config.model else "`model:` or engine.model"
    raise StageError(f"the server at {config.address} has no model '{wanted}'.{hint} Correct {where}.")
