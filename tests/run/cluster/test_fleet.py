"""A worker that is gone: whether its process crashed or its machine went, as Ray tells it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab.run.cluster.config import RayCluster
from lab.run.cluster.fleet import Lost, RayFleet
from lab.run.cluster.mailbox import WorkerReport


class Gone(Exception):
    """Ray's message about a dead actor; that of a crashed process names its node, too."""

    def __str__(self) -> str:
        return "The actor died unexpectedly.\n\tnode ip: 192.0.2.7, its worker process has died."


class FakeRay:
    """As much of Ray as a fleet uses: one machine, and one actor, which answers once and then is gone."""

    def __init__(self) -> None:
        self.alive, self.calls = True, 0
        others = dict.fromkeys(("WorkerCrashedError", "ObjectLostError"), OSError)
        self.exceptions = SimpleNamespace(RayTaskError=ValueError, RayActorError=Gone, **others)

    def put(self, value: Any) -> Any:
        return value

    def remote(self, kind: type) -> Any:
        call = SimpleNamespace(remote=lambda *args: object())
        actor = SimpleNamespace(exchange=call)
        return SimpleNamespace(options=lambda **o: SimpleNamespace(remote=lambda *args: actor))

    def wait(self, calls: list[Any], num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        return calls, []

    def get(self, call: Any) -> WorkerReport:
        self.calls += 1
        if self.calls > 1:
            raise Gone
        return WorkerReport((), True, 0, 0, machine="a")

    def nodes(self) -> list[dict[str, Any]]:
        return [{"NodeID": "a", "Alive": self.alive}, {"NodeID": "b", "Alive": True}]


@pytest.mark.parametrize("machine_is_there", [True, False])
def test_a_process_that_dies_on_a_machine_that_is_there_has_crashed(machine_is_there: bool) -> None:
    ray = FakeRay()
    fleet = RayFleet(ray, RayCluster(), lambda assignment, name, mailbox: None, "", {})
    fleet.start("w")
    assert [type(news) for _, news in fleet.wait(0)] == [WorkerReport]
    ray.alive = machine_is_there
    fleet.exchange("w", (), more=True, close=False, seconds=0)
    assert fleet.wait(0) == [("w", Lost(machine_is_there, "The actor died unexpectedly."))]
