"""Keeps requests that spoil one another's answers from being under way together.

vLLM 0.32: a request with `logprob_token_ids` (a yes/no check) cuts the lists of likeliest tokens
of every other request in its step to the same length, so token confidence cannot be read. Requests that are
neither are free to run at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Apart:
    """Rounds: all that wait in the kind of the one that has waited longest go in together."""

    def __init__(self) -> None:
        self._kind, self._inside = "", 0
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def inside(self, kind: str) -> AsyncIterator[None]:
        """Enter when nothing of another kind is inside; at once if `kind` is ''."""
        if not kind:
            yield
            return
        if self._inside and (kind != self._kind or self._waiting):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((kind, turn))
            await turn
        else:
            self._kind, self._inside = kind, self._inside + 1
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._next()

    def _next(self) -> None:
        if not self._waiting:
            return
        self._kind = self._waiting[0][0]
        going = [turn for kind, turn in self._waiting if kind == self._kind]
        self._waiting = [(kind, turn) for kind, turn in self._waiting if kind != self._kind]
        self._inside = len(going)
        for turn in going:
            turn.set_result(None)
