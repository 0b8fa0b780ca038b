"""The engine of kind "openai": concurrent, retrying, behind `submit` and `poll`.

An event loop in a background thread runs up to `concurrency` requests; finished ones wait in a queue for
`poll`. A busy or broken server is tried again a bounded number of times. What is wrong with one request
becomes a failed completion; what is wrong with the server (not there, hangs, refuses the key, stays
overloaded) becomes one EngineError.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lab.core.errors import EngineError, nearest
from lab.core.files import canonical_json, digest_of
from lab.core.protocols import Weights
from lab.core.types import Completion, Request
from lab.engine.certainty import wanted
from lab.engine.chat import ChatRenderer, load_tokenizer, plain_messages
from lab.engine.openai_apart import Apart
from lab.engine.openai_transport import Later, Transport, json_of, message
from lab.engine.openai_wire import BadReply, Dialect, as_chat, body, plain_body, prefix_logprobs, read
from lab.engine.replies import failed

if TYPE_CHECKING:
    import httpx

    from lab.engine.openai import OpenAIConfig

POLL_SECONDS = 0.2


class OpenAIEngine:
    """See the module; made by `OpenAIConfig.open`."""

    def __init__(self, config: OpenAIConfig, weights: Weights) -> None:
        self._config = config
        self._transport = Transport(config)
        self._loop = asyncio.new_event_loop()
        self._done: queue.SimpleQueue[tuple[int, Completion] | EngineError] = queue.SimpleQueue()
        self._pending = self._active = 0
        self._share, self._changed = 0.0, perf_counter()
        self.seconds = 0.0
        """Wall time with at least one request under way: the sum of all completions' `seconds`."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai-engine", daemon=True)
        self._thread.start()
        self._slots, self._apart = asyncio.Semaphore(config.concurrency), Apart()
        try:
            self._model, self._dialect = self._call(self._greet(weights.name))
            self._renderer = _renderer(config, weights)
        except BaseException:
            self.close()
            raise
        extra = [digest_of(config.extra)] if config.extra else []
        self.identity = ":".join(["openai", config.base_url, self._model, *extra])
        self.capacity = 4 * config.concurrency

    def render(self, request: Request) -> tuple[int, ...]:
        """Token ids by the model's tokenizer if it is at hand, else the bytes of the messages as JSON."""
        if self._renderer is not None:
            return self._renderer.render(request)
        messages = [*plain_messages(request.messages), {"role": "assistant", "content": request.prefix}]
        return tuple(canonical_json(messages).encode())

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Start a request in the background."""
        self._pending += 1
        asyncio.run_coroutine_threadsafe(self._run(id, request, prompt), self._loop)

    def poll(self) -> list[tuple[int, Completion]]:
        """What has finished; waits briefly if nothing has. Raises EngineError when the server is no use."""
        done: list[tuple[int, Completion]] = []
        while self._pending:
            try:
                item = self._done.get(timeout=0 if done else POLL_SECONDS)
            except queue.Empty:
                break
            if isinstance(item, EngineError):
                raise item
            self._pending -= 1
            done.append(item)
        return done

    def close(self) -> None:
        """Cancel what is under way and end the thread."""
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

    async def _greet(self, stage_model: str) -> tuple[str, Dialect]:
        """(model name on the server, dialect), from its list of models where it has one."""
        try:
            reply = await self._transport.request("GET", "models", None)
        except Later as fault:
            raise EngineError(self._transport.advice(str(fault))) from fault
        listed = _models(reply)
        names = [str(item.get("id", "")) for item in listed]
        owners = {item.get("owned_by") for item in listed}
        dialect: Dialect = "vllm" if "vllm" in owners else "openai"
        if self._config.dialect != "auto":
            dialect = self._config.dialect
        if self._config.model and names and self._config.model not in names:
            hint = nearest(self._config.model, names)
            raise EngineError(f"the server at {self._config.base_url} has no '{self._config.model}'.{hint}")
        only = names[0] if len(names) == 1 else stage_model
        return self._config.model or only, dialect

    async def _run(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """One request from its turn to its place in the queue of finished ones."""
        async with self._apart.inside(self._company(request)), self._slots:
            since = self._tick(+1)
            try:
                outcome: Completion | EngineError = await self._complete(request, prompt)
            except EngineError as error:
                outcome = error
            except asyncio.CancelledError:
                raise
            except Exception as error:
                outcome = failed(len(prompt), f"{type(error).__name__}: {error}")
            finally:
                seconds = self._tick(-1) - since
        if isinstance(outcome, Completion):
            self._done.put((id, replace(outcome, seconds=seconds)))
        else:
            self._done.put(outcome)

    def _company(self, request: Request) -> str:
        """Which requests it may share a step with: see `openai_apart`."""
        if self._dialect != "vllm":
            return ""
        return "choice" if request.sampling.allowed_tokens else "listed" if wanted(request.sampling) else ""

    async def _complete(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        allowed = request.sampling.allowed_tokens
        if not all(allowed):
            return failed(len(prompt), "an allowed token is empty")
        choices = self._renderer.first_tokens(allowed) if allowed and self._renderer else {}
        try:
            if request.speaker == "user" or request.sampling.score_prefix:
                return await self._plain(request, prompt)
            fields = body(request, self._model, self._dialect, choices, self._config.extra)
            reply = await self._transport.request("POST", "chat/completions", fields)
            if reply.status_code >= 400:
                return failed(len(prompt), f"the server refused the request: {message(reply)}")
            return read(json_of(reply), request, choices)
        except BadReply as error:
            return failed(len(prompt), f"the server's answer is of no use: {error}")
        except Later as fault:
            if fault.server:
                raise EngineError(self._transport.advice(str(fault))) from fault
            return failed(len(prompt), f"the server failed {self._config.attempts} times: {fault}")

    async def _plain(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        """What a user would say, and how likely a prefix is: no chat endpoint tells either, so the rendered
        tokens are completed."""
        scored = request.sampling.score_prefix
        if self._renderer is None or self._dialect != "vllm":
            what = "the likelihood of a given text" if scored else "a user's turn"
            return failed(len(prompt), f"{what} needs a vLLM server and the model's tokenizer")
        start = self._renderer.prefix_start(request, prompt) if scored else len(prompt)
        stop = self._renderer.stop(request)
        fields = plain_body(request, self._model, prompt, stop, self._config.extra)
        reply = await self._transport.request("POST", "completions", fields)
        if reply.status_code >= 400:
            return failed(len(prompt), f"the server refused the request: {message(reply)}")
        found = read(as_chat(said := json_of(reply)), request, {})
        return replace(found, prefix_logprobs=prefix_logprobs(said, prompt, start)) if scored else found

    def _tick(self, change: int) -> float:
        """Advance the time share (seconds of busy time divided by the requests under way)."""
        now = perf_counter()
        if self._active:
            self._share += (now - self._changed) / self._active
            self.seconds += now - self._changed
        self._changed, self._active = now, self._active + change
        return self._share


def _renderer(config: OpenAIConfig, weights: Weights) -> ChatRenderer | None:
    if config.tokenizer:
        try:
            return ChatRenderer(load_tokenizer(config.tokenizer))
        except Exception as error:
            raise EngineError(f"engine.tokenizer '{config.tokenizer}' cannot be loaded: {error}") from error
    if (weights.path / "tokenizer.json").is_file():
        return ChatRenderer(load_tokenizer(weights.path))
    return None


def _models(reply: httpx.Response) -> list[dict[str, Any]]:
    """The server's models; none if it has no such list."""
    try:
        listed = reply.json()["data"] if reply.status_code == 200 else []
        return [item for item in listed if isinstance(item, dict)]
    except (ValueError, KeyError, TypeError):
        return []
