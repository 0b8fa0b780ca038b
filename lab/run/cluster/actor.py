"""The Ray actor of a worker: a mailbox that the driver calls, and a thread that runs the shards."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from lab.run.cluster.mailbox import Mailbox, ShardGiven, WorkerReport

Serve = Callable[[str, str, Mailbox], None]
"""Runs the shards of a mailbox: (what to run, the worker's name, the mailbox). It reports its own errors."""


class Worker:
    """One engine. The driver calls nothing but `exchange`, again and again."""

    def __init__(self, serve: Serve, assignment: str, name: str, cores: Sequence[int] = ()) -> None:
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)
        self._mailbox = Mailbox()
        arguments = (assignment, name, self._mailbox)
        threading.Thread(target=serve, args=arguments, daemon=True, name="shards").start()

    def exchange(self, given: Sequence[ShardGiven], more: bool, close: bool, seconds: float) -> WorkerReport:
        """See `Mailbox.exchange`."""
        return self._mailbox.exchange(given, more=more, close=close, seconds=seconds)
