"""The workers of a stage: Ray actors that are started, asked for news, and noticed when they are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lab.run.cluster.actor import Serve, Worker
from lab.run.cluster.config import RayCluster
from lab.run.cluster.mailbox import ShardGiven, WorkerReport


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker that is gone. `crashed`: its process ended, but its machine is still there."""

    crashed: bool
    why: str


class Fleet(Protocol):
    """What the driver needs of its workers."""

    def start(self, name: str) -> None:
        """Starts a worker; its first news comes when it is there."""
        ...

    def exchange(
        self, name: str, given: Sequence[ShardGiven], *, more: bool, close: bool, seconds: float
    ) -> None:
        """Gives a worker shards and asks it for news (see `Mailbox.exchange`); `wait` returns them."""
        ...

    def wait(self, seconds: float) -> list[tuple[str, WorkerReport | Lost]]:
        """The news of workers that have some, each once; waits at most `seconds` for the first."""
        ...

    def stop(self, name: str) -> None:
        """Ends a worker at once; nothing is heard of it any more."""
        ...


class RayFleet:
    """Workers that are Ray actors. They end with the driver's process."""

    def __init__(
        self, ray: Any, cluster: RayCluster, serve: Serve, assignment: str, environment: dict[str, str]
    ) -> None:
        self._ray, self._serve = ray, serve
        self._assignment = ray.put(assignment)
        self._actor = ray.remote(Worker).options(
            num_cpus=cluster.cpus,
            num_gpus=cluster.gpus or 0,
            max_restarts=0,
            max_concurrency=2,
            runtime_env={"env_vars": environment},
        )
        self._actors: dict[str, Any] = {}
        self._machines: dict[str, str] = {}
        self._asked: dict[Any, str] = {}

    def start(self, name: str) -> None:
        """Starts an actor. It waits in Ray's queue until the cluster has room for it."""
        self._actors[name] = self._actor.remote(self._serve, self._assignment, name)
        self.exchange(name, (), more=True, close=False, seconds=0.0)

    def exchange(
        self, name: str, given: Sequence[ShardGiven], *, more: bool, close: bool, seconds: float
    ) -> None:
        """One call of the actor."""
        self._asked[self._actors[name].exchange.remote(given, more, close, seconds)] = name

    def wait(self, seconds: float) -> list[tuple[str, WorkerReport | Lost]]:
        """The news of the calls that have returned."""
        if not self._asked:
            return []
        known = list(self._asked)
        ready, _ = self._ray.wait(known, num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait(known, num_returns=len(known), timeout=0)
        named = [(self._asked.pop(call), call) for call in ready]
        return [(name, self._result(name, call)) for name, call in named]

    def stop(self, name: str) -> None:
        """Kills the actor."""
        actor = self._actors.pop(name, None)
        self._asked = {call: other for call, other in self._asked.items() if other != name}
        if actor is not None:
            self._ray.kill(actor, no_restart=True)

    def _result(self, name: str, call: Any) -> WorkerReport | Lost:
        errors = self._ray.exceptions
        try:
            report: WorkerReport = self._ray.get(call)
        except errors.RayTaskError as error:
            return Lost(True, str(error))
        except (errors.RayActorError, errors.WorkerCrashedError, errors.ObjectLostError) as error:
            return Lost(self._crashed(name), str(error).strip().splitlines()[0])
        self._machines[name] = report.machine
        return report

    def _crashed(self, name: str) -> bool:
        """Whether the machine of a dead actor is still there, so that only its process has ended."""
        there = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        return name not in self._machines or self._machines[name] in there
