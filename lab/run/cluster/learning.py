"""What one worker does before the others begin: strategies that learn do so from their dev problems."""

from __future__ import annotations

from lab.errors import EngineError, InputError, StageError
from lab.run.cluster.driver import HEARTBEAT, STARTS
from lab.run.cluster.fleet import Fleet, Lost
from lab.run.cluster.mailbox import ShardGiven, WorkerReport
from lab.run.cluster.parts import LEARNING


def run_learning(fleet: Fleet, name: str, wanted: int) -> list[str]:
    """Starts the workers of a stage and has one of them do LEARNING, while the others load their models.

    Returns the workers, each with a question under way, for the driver. One that is lost is replaced. Raises
    InputError or StageError as the worker does, EngineError if STARTS workers were lost.
    """
    workers, started, learner = list[str](), 0, ""
    while True:
        while len(workers) < wanted:
            workers.append(f"{name}.{started}")
            started += 1
            fleet.start(workers[-1])
        for worker, news in fleet.wait(HEARTBEAT):
            if isinstance(news, Lost) or news.failure:
                why = _why(news)
                fleet.stop(worker)
                workers.remove(worker)
                if started - len(workers) >= STARTS:
                    raise EngineError(f"{STARTS} workers were lost while strategies learned, the last: {why}")
                learner = "" if worker == learner else learner
                continue
            learned = LEARNING in news.finished
            given = [] if learner or not news.hungry else [ShardGiven(LEARNING, ())]
            learner = worker if given else learner
            fleet.exchange(worker, given, more=learned, close=False, seconds=HEARTBEAT)
            if learned:
                return workers


def _why(news: WorkerReport | Lost) -> str:
    """Why a worker is gone, if that is no reason to end the stage."""
    if isinstance(news, Lost):
        return news.why
    assert news.failure is not None
    kind, message = news.failure
    if kind == "engine":
        return message
    raise InputError(message) if kind == "input" else StageError(message)
