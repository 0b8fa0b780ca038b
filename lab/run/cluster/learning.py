"""What one worker does before the others begin: strategies that learn do so from their dev problems."""

from __future__ import annotations

from lab.errors import EngineError, InputError, StageError
from lab.run.cluster.driver import HEARTBEAT, STARTS
from lab.run.cluster.fleet import Fleet, Lost
from lab.run.cluster.mailbox import ShardGiven, WorkerReport
from lab.run.cluster.parts import LEARNING


def run_learning(fleet: Fleet, name: str) -> str:
    """Has one worker do LEARNING; returns the worker, which waits for an answer.

    A worker that is lost is replaced. Raises InputError or StageError as the worker does, EngineError if
    STARTS workers were lost.
    """
    why = ""
    for attempt in range(STARTS):
        worker = f"{name}.learn{attempt}"
        fleet.start(worker)
        why = _learn(fleet, worker)
        if not why:
            return worker
        fleet.stop(worker)
    raise EngineError(f"{STARTS} workers were lost while strategies learned, the last: {why}")


def _learn(fleet: Fleet, worker: str) -> str:
    """Why the worker was lost; "" if it has learned."""
    given = [ShardGiven(LEARNING, ())]
    while True:
        for _, news in fleet.wait(HEARTBEAT):
            if isinstance(news, Lost):
                return news.why
            if news.failure:
                return _failure(news)
            if LEARNING in news.finished:
                return ""
            fleet.exchange(worker, given, more=False, close=False, seconds=HEARTBEAT)
            given = []


def _failure(news: WorkerReport) -> str:
    assert news.failure is not None
    kind, message = news.failure
    if kind == "engine":
        return message
    raise InputError(message) if kind == "input" else StageError(message)
