"""What a worker and the driver tell each other: shards that are given, and reports of what happened.

The worker's loop runs in one thread and the calls of the driver arrive in another. A call brings shards and
waits until there is something to report: a finished shard, room for more, an error, or some time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

from lab.core.shards import Shard


@dataclass(frozen=True, slots=True)
class ShardGiven:
    """A shard to run, with its problems."""

    shard: Shard
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A message for the user. `lasting`: about the stage's numbers, so that it is kept beside them."""

    text: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """What happened since the last one. `outcomes` and `tokens` are totals of this worker."""

    finished: tuple[Shard, ...]
    hungry: bool
    """Whether the engine has room and there is no shard to fill it."""
    outcomes: int
    tokens: int
    notes: tuple[Note, ...] = ()
    failure: tuple[str, str] | None = None
    """The kind of an error (input, engine, stage) and its message; the worker has ended."""
    ended: bool = False
    """Whether the worker has ended, as it was told to."""
    machine: str = ""
    """Ray's name of the machine that it runs on."""


@dataclass(slots=True)
class Mailbox:
    """Both directions; every method may be called from any thread."""

    _given: deque[ShardGiven] = field(default_factory=deque)
    _finished: list[Shard] = field(default_factory=list)
    _notes: list[Note] = field(default_factory=list)
    _outcomes: int = 0
    _tokens: int = 0
    _hungry: bool = False
    _closed: bool = False
    _ended: bool = False
    _failure: tuple[str, str] | None = None
    _changed: Condition = field(default_factory=Condition)

    # The worker's side.

    def next(self, *, wait: bool) -> ShardGiven | None:
        """The next shard; None if there is none now. With `wait`, None means that there will be no more."""
        with self._changed:
            while not self._given:
                if not self._hungry:
                    self._hungry = True
                    self._changed.notify_all()
                if not wait or self._closed:
                    return None
                self._changed.wait()
            self._hungry = False
            return self._given.popleft()

    def first(self) -> ShardGiven | None:
        """Waits for the next shard, which stays in the mailbox; None if there will be none."""
        with self._changed:
            self._hungry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._given or self._closed)
            return self._given[0] if self._given else None

    def finished(self, shard: Shard) -> None:
        """A shard is finished and its part has its name."""
        with self._changed:
            self._finished.append(shard)
            self._changed.notify_all()

    def progress(self, outcomes: int, tokens: int) -> None:
        """Totals so far."""
        self._outcomes, self._tokens = outcomes, tokens

    def note(self, text: str, *, lasting: bool = False) -> None:
        """A message for the user."""
        with self._changed:
            self._notes.append(Note(text, lasting))
            self._changed.notify_all()

    def lasting(self, notes: Sequence[str]) -> None:
        """Notes about the numbers."""
        for text in notes:
            self.note(text, lasting=True)

    def end(self, failure: tuple[str, str] | None = None) -> None:
        """The worker ends, with an error or because there is nothing left."""
        with self._changed:
            self._failure, self._ended = failure, True
            self._changed.notify_all()

    # The driver's side.

    def exchange(
        self, given: Sequence[ShardGiven], *, more: bool, close: bool, seconds: float
    ) -> WorkerReport:
        """Gives shards and waits for news, at most `seconds`.

        `more`: whether the driver can give more now, so that room for more is news. `close`: nothing will be
        given any more.
        """
        with self._changed:
            self._given.extend(given)
            self._hungry &= not given
            self._closed |= close
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._news(more), seconds)
            report = WorkerReport(
                tuple(self._finished),
                self._hungry,
                self._outcomes,
                self._tokens,
                tuple(self._notes),
                self._failure,
                self._ended,
            )
            self._finished.clear()
            self._notes.clear()
            return report

    def _news(self, more: bool) -> bool:
        return bool(self._finished or self._notes or self._ended or (more and self._hungry))
