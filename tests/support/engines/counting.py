"""An engine that counts, by itself, everything the engine inside it handed back."""

from __future__ import annotations

from lab.core.protocols import Engine
from lab.core.types import Completion, Request


class CountingEngine(Engine):
    """Counts tokens of every completion, failed ones too."""

    def __init__(self, inner: Engine) -> None:
        self.inner, self.identity, self.capacity = inner, inner.identity, inner.capacity
        self.reset()

    def reset(self) -> None:
        self.completions = self.prompt_tokens = self.cached_tokens = self.completion_tokens = 0
        self.seconds = 0.0

    def render(self, request: Request) -> tuple[int, ...]:
        return self.inner.render(request)

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        self.inner.submit(id, request, prompt)

    def poll(self) -> list[tuple[int, Completion]]:
        done = self.inner.poll()
        for _, completion in done:
            self.completions += 1
            self.prompt_tokens += completion.usage.prompt_tokens
            self.cached_tokens += completion.usage.cached_tokens
            self.completion_tokens += completion.usage.completion_tokens
            self.seconds += completion.seconds
        return done

    def close(self) -> None:
        self.inner.close()
