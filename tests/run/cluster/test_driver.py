"""The driver and the workers' loop without Ray: workers are threads, and the faults are scripted."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from questions import Lines, NoStore, Questions

from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.scheduling.scheduler import run_plans
from lab.core.types import Request
from lab.engine.fake.engine import FakeEngine
from lab.errors import EngineError, InputError, StageError
from lab.run.cluster.driver import Driver
from lab.run.cluster.fleet import Lost
from lab.run.cluster.learning import run_learning
from lab.run.cluster.leases import Leases
from lab.run.cluster.mailbox import Mailbox, ShardGiven, WorkerReport
from lab.run.cluster.parts import LEARNING, Parts
from lab.run.cluster.shard_loop import ShardLoop
from lab.system.progress import Quiet

FLOPS = FlopsModel(linear=1, head=1, attention=1, full=1)


class Threads:
    """A fleet of threads. `fault(name, shards so far)` returns what goes wrong ("lost", "crash"), or ""."""

    def __init__(self, work: Questions, parts: Parts, fault: Any = None, engine: Any = None) -> None:
        self.work, self.parts, self.fault = work, parts, fault or (lambda name, given: "")
        self.engine = engine or (lambda: FakeEngine(latency_order="shuffled", batch=4))
        self.news: SimpleQueue[tuple[str, WorkerReport | Lost]] = SimpleQueue()
        self.boxes: dict[str, Mailbox] = {}
        self.given: dict[str, int] = {}
        self.learned: list[str] = []

    def start(self, name: str) -> None:
        self.boxes[name], self.given[name] = Mailbox(), 0
        threading.Thread(target=self._serve, args=(name, self.boxes[name]), daemon=True).start()
        self.exchange(name, (), more=True, close=False, seconds=0)

    def exchange(
        self, name: str, given: Sequence[ShardGiven], *, more: bool, close: bool, seconds: float
    ) -> None:
        self.given[name] += len(given)
        wrong = self.fault(name, self.given[name])
        if wrong:
            self.news.put((name, Lost(crashed=wrong == "crash", why=wrong)))
            return
        ask = partial(self.boxes[name].exchange, given, more=more, close=close, seconds=min(seconds, 0.05))
        threading.Thread(target=lambda: self.news.put((name, ask())), daemon=True).start()

    def wait(self, seconds: float) -> list[tuple[str, WorkerReport | Lost]]:
        try:
            found = [self.news.get(timeout=seconds)]
        except Empty:
            return []
        return [one for one in found if one[0] in self.boxes]

    def stop(self, name: str) -> None:
        self.boxes.pop(name).exchange((), more=False, close=True, seconds=0)

    def _serve(self, name: str, mailbox: Mailbox) -> None:
        bank = NoStore()
        first = mailbox.first()
        if first is not None and first.shard == LEARNING:
            mailbox.next(wait=True)
            self.learned.append(name)
            self.parts.commit(self.parts.begin(LEARNING, name), LEARNING)
            mailbox.finished(LEARNING)
        loop = ShardLoop(self.work, self.parts, bank, mailbox, name, "m", "run/stage")
        plans = partial(run_plans, engine=self.engine(), bank=bank, flops=FLOPS, run_seed=0)
        try:
            loop.run(plans)
            mailbox.end()
        except (InputError, EngineError, StageError) as error:
            kinds = {InputError: "input", EngineError: "engine", StageError: "stage"}
            mailbox.end((kinds[type(error)], str(error)))


def alone(count: int) -> Lines:
    """The product of one process."""
    work, product = Questions(count), Lines(Path())
    cases = [one for item in work.items() for one in work.cases(item)]
    waiting = [case for case, _ in cases]

    class Ledger:
        model, owner = "m", "run/stage"
        extend = product.extend

    outcomes = run_plans(
        [job for _, job in cases],
        FakeEngine(),
        bank=Bank(":memory:"),
        ledger=Ledger(),  # type: ignore[arg-type]
        flops=FLOPS,
        run_seed=0,
    )
    for case, outcome in zip(waiting, outcomes, strict=True):
        product.take(case, outcome)
    return product


def together(
    tmp_path: Path, count: int, workers: int, size: int, fault: Any = None, engine: Any = None, tries: int = 3
) -> Lines:
    """The product of several workers."""
    work, parts = Questions(count), Parts(tmp_path)
    leases = Leases(work.items(), finished=parts.finished(), size=size, tries=tries, workers=workers)
    product = Lines(tmp_path)
    name = f"w{random.randrange(10**9)}"
    Driver(leases, Threads(work, parts, fault, engine), parts, product, Quiet(), workers, name).run()
    return product


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("size", [1, 4, 64, 1000])
def test_the_product_is_that_of_one_process(tmp_path: Path, workers: int, size: int) -> None:
    expected, found = alone(70), together(tmp_path, 70, workers, size)
    assert (found.lines, found.rows) == (expected.lines, expected.rows)


@pytest.mark.parametrize("seed", range(8))
def test_lost_workers_change_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)

    def fault(name: str, given: int) -> str:
        return chance.choice(["lost", "crash"]) if given and chance.random() < 0.05 else ""

    expected, found = alone(60), together(tmp_path, 60, 3, 4, fault, tries=100)
    assert (found.lines, found.rows) == (expected.lines, expected.rows)


def test_a_second_driver_runs_only_what_is_missing(tmp_path: Path) -> None:
    def dies(name: str, given: int) -> str:
        return "crash" if given > 3 else ""

    with pytest.raises((EngineError, StageError)):
        together(tmp_path, 200, 1, 4, dies, tries=1)
    left = Parts(tmp_path).finished()
    assert left
    given: list[str] = []

    def counted(name: str, count: int) -> str:
        given.append(name)
        return ""

    expected, found = alone(200), together(tmp_path, 200, 2, 7, counted)
    assert (found.lines, found.rows) == (expected.lines, expected.rows)


class Poisoned(FakeEngine):
    """Crashes whenever it is asked about problem 5."""

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        if request.messages[-1]["content"].endswith(" 5"):
            raise EngineError("no memory left")
        super().submit(id, request, prompt)


def test_a_poisoned_shard_is_named_and_the_rest_is_finished(tmp_path: Path) -> None:
    with pytest.raises(
        StageError, match=r"crashed 3 times on the same problems: number 4 to 5 .*no memory left"
    ):
        together(tmp_path, 20, 2, 2, engine=lambda: Poisoned(batch=1))
    assert [n for s in Parts(tmp_path).finished() for n in range(s.start, s.end)] == [
        n for n in range(20) if n not in (4, 5)
    ]


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_one_worker_learns_and_all_of_them_go_on(tmp_path: Path, lost: int) -> None:
    """Workers that are lost while they learn are replaced, up to a number."""
    asked: list[str] = []

    def fault(name: str, given: int) -> str:
        asked.append(name)
        return "lost" if given and name in [f"w.{number}" for number in range(lost)] else ""

    work, parts, product = Questions(40), Parts(tmp_path), Lines(tmp_path)
    fleet = Threads(work, parts, fault)
    there = run_learning(fleet, "w", 2)
    assert parts.learned
    assert len(there) == 2
    leases = Leases(work.items(), size=2, tries=3, workers=2)
    Driver(leases, fleet, parts, product, Quiet(), 2, "w", there=there).run()
    assert (product.lines, product.rows) == (alone(40).lines, alone(40).rows)
    assert set(there) <= set(asked)
    assert lost or set(fleet.given) == set(there), "no worker is started that is not needed"


def test_a_mistake_of_the_user_ends_it_at_once(tmp_path: Path) -> None:
    class Wrong(FakeEngine):
        def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
            raise InputError("no such model")

    with pytest.raises(InputError, match="no such model"):
        together(tmp_path, 20, 2, 2, engine=Wrong)


def test_workers_that_never_start_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="lost in a row"):
        together(tmp_path, 20, 2, 2, lambda name, given: "crash")
