"""The Ray actor of a worker: a mailbox that the driver calls, and a thread that runs the shards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from lab.run.cluster.mailbox import Mailbox, ShardGiven, WorkerReport
from lab.run.cluster.ray_cluster import imported

Serve = Callable[[str, str, Mailbox], None]
"""Runs the shards of a mailbox: (what to run, the worker's name, the mailbox). It reports its own errors."""


class Worker:
    """One engine. The driver calls nothing but `exchange`, again and again."""

    def __init__(self, serve: Serve, assignment: str, name: str) -> None:
        self._mailbox = Mailbox()
        self._machine = str(imported().get_runtime_context().get_node_id())
        arguments = (assignment, name, self._mailbox)
        threading.Thread(target=serve, args=arguments, daemon=True, name="shards").start()

    def exchange(self, given: Sequence[ShardGiven], more: bool, close: bool, seconds: float) -> WorkerReport:
        """See `Mailbox.exchange`."""
        report = self._mailbox.exchange(given, more=more, close=close, seconds=seconds)
        return replace(report, machine=self._machine)
