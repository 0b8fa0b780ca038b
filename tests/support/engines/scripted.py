"""A tiny engine for exact cases: a callable decides the text, replies come back in the order asked for."""

from __future__ import annotations

import random
from collections.abc import Callable

from lab.core.protocols import Engine
from lab.core.types import Completion, Request, Usage


def tokens_of(text: str) -> tuple[int, ...]:
    """One token a character: easy to count by hand."""
    return tuple(map(ord, text))


class ScriptedEngine(Engine):
    """`script(request)` gives the text; `emitted` counts what was really generated."""

    identity = "scripted"

    def __init__(
        self, script: Callable[[Request], str | Completion], *, capacity: int = 8, shuffle: int | None = None
    ):
        self.script, self.capacity = script, capacity
        self.pending: list[tuple[int, Request, tuple[int, ...]]] = []
        self.random = random.Random(shuffle) if shuffle is not None else None
        self.submitted: list[Request] = []
        self.emitted = 0

    def render(self, request: Request) -> tuple[int, ...]:
        return tokens_of("".join(m["content"] for m in request.messages) + request.prefix)

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        self.submitted.append(request)
        self.pending.append((id, request, prompt))

    def poll(self) -> list[tuple[int, Completion]]:
        at = self.random.randrange(len(self.pending)) if self.random else 0
        id, request, prompt = self.pending.pop(at)
        reply = self.script(request)
        if isinstance(reply, str):
            ids = tokens_of(reply)
            reply = Completion(
                reply, "stop", Usage(len(prompt), 0, len(ids)), (-0.5,) * len(ids), ids, {}, 0.25
            )
        self.emitted += reply.usage.completion_tokens
        return [(id, reply)]

    def close(self) -> None:
        pass
