"""What a cluster costs and gains: sleeping engines on 1, 2 and 4 workers, and a simulation of 1,000 workers.

The engines sleep half a second for 64 completions, so that workers on one machine do not wait for each other.
Ideal: half and a quarter of one worker's time. The limit for the driver: 50 microseconds of its processor
time per request.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
from questions import Lines, NoStore, Questions
from simulated_cluster import simulate

from lab.core.flops.model import FlopsModel
from lab.core.scheduling.scheduler import run_plans
from lab.engine.fake.engine import FakeEngine
from lab.run.cluster.config import RayCluster
from lab.run.cluster.driver import Driver
from lab.run.cluster.fleet import RayFleet
from lab.run.cluster.leases import Leases
from lab.run.cluster.mailbox import Mailbox
from lab.run.cluster.parts import Parts
from lab.run.cluster.ray_cluster import imported, started_here
from lab.run.cluster.shard_loop import ShardLoop
from lab.system.progress import Quiet

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "tests" / "support"
PATHS = (ROOT, SUPPORT, SUPPORT / "worlds", Path(__file__).parent)
COUNT, BATCH, PAUSE = 512, 64, 0.5
FLOPS = FlopsModel(linear=1, head=1, attention=1, full=1)


def serve(folder: str, name: str, mailbox: Mailbox) -> None:
    """A worker with a sleeping engine."""
    bank = NoStore()
    engine = FakeEngine(batch=BATCH, pause=PAUSE)
    engine.capacity = BATCH
    loop = ShardLoop(Questions(COUNT), Parts(Path(folder)), bank, mailbox, name, "m", "run/stage")
    loop.run(partial(run_plans, engine=engine, bank=bank, flops=FLOPS, run_seed=0))
    mailbox.end()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with started_here(cores=8, gpus=0) as address:
        yield address


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_sleeping_engines(address: str, tmp_path: Path) -> None:
    cluster, path = (
        RayCluster(cpus=0.5),
        {"PYTHONPATH": f"{ROOT}:{ROOT}/tests/support:{ROOT}/tests/support/worlds:{ROOT}/tests/benchmarks"},
    )
    taken: dict[int, tuple[float, float]] = {}
    ray = imported()
    for workers in (1, 2, 4):
        folder = tmp_path / str(workers)
        folder.mkdir()
        fleet = RayFleet(ray, cluster, serve, str(folder), path)
        names = [f"b{workers}.{n}" for n in range(workers)]
        for name in names:
            fleet.start(name)
        there = _all_there(fleet, names)
        work, parts, product = Questions(COUNT), Parts(folder), Lines(folder)
        leases = Leases(work.items(), size=64, tries=3, workers=workers)
        driver = Driver(leases, fleet, parts, product, Quiet(), workers, f"b{workers}", there=there)
        start, busy = time.perf_counter(), time.process_time()
        driver.run()
        taken[workers] = (time.perf_counter() - start, (time.process_time() - busy) / len(product.rows))
        assert len(product.lines) == 2 * COUNT
    for workers, (seconds, busy) in taken.items():
        gain = taken[1][0] / seconds
        each = 1e6 * busy
        print(f"{workers} workers: {seconds:.1f} s, {gain:.2f} times as fast, driver {each:.0f} us a request")


def _all_there(fleet: RayFleet, names: list[str]) -> list[str]:
    """Waits until every worker has answered; each then has another question under way."""
    waiting = set(names)
    while waiting:
        for name, _ in fleet.wait(1.0):
            waiting.discard(name)
            fleet.exchange(name, (), more=not waiting, close=False, seconds=0.5)
    return names


def test_a_thousand_workers() -> None:
    """64 problems at once on each worker; the best is one queue from which every slot takes the next."""
    for problems in (20_000, 128_000, 640_000):
        size = {"problems": problems, "sigma": 1.0}
        best = simulate(workers=1, capacity=64_000, size=1, **size)
        for way, drain in (("continuous", False), ("one shard after the other", True)):
            start = time.perf_counter()
            found = simulate(workers=1_000, capacity=64, size=64, drain=drain, **size)
            print(
                f"{problems:,} problems, {way}: {best.seconds / found.seconds:.2f} of the best time, "
                f"{found.leases:,} leases, {found.asked:,} asked, {found.asked / found.seconds:,.0f} per "
                f"median time of a problem; simulated in {time.perf_counter() - start:.0f} s"
            )
