"""A lock that keeps requests apart that change each other's results.

vLLM 0.32: a request with `logprob_token_ids` (a yes/no verification) shortens the lists of the most likely
tokens of every other request in its step, so that token confidence cannot be computed. Requests without a
group run at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class GroupLock:
    """Held by any number of requests of one group at a time.

    When it is released, all waiting requests of the group that has waited longest get it together.
    """

    def __init__(self) -> None:
        self._group, self._inside = "", 0
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def held_by(self, group: str) -> AsyncIterator[None]:
        """Enters when no request of another group holds the lock; at once if `group` is ""."""
        if not group:
            yield
            return
        if self._inside and (group != self._group or self._waiting):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((group, turn))
            await turn
        else:
            self._group, self._inside = group, self._inside + 1
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._next()

    def _next(self) -> None:
        if not self._waiting:
            return
        self._group = self._waiting[0][0]
        going = [turn for group, turn in self._waiting if group == self._group]
        self._waiting = [(group, turn) for group, turn in self._waiting if group != self._group]
        self._inside = len(going)
        for turn in going:
            turn.set_result(None)
