"""Leases: every problem once, in shards that shrink; lost and crashing workers; a simulation of many."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_cluster import simulate

from lab.core.shards import Shard
from lab.run.cluster.leases import Leases


def numbers(count: int) -> list[int]:
    return list(range(count))


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 400),
    st.integers(1, 70),
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 50)), max_size=5),
    st.integers(0, 2**32),
)
def test_every_problem_is_run_once_whatever_is_lost(
    count: int, size: int, workers: int, earlier: list[tuple[int, int]], seed: int
) -> None:
    """Random steps: lease, finish in any order, machines that go, processes that crash now and then."""
    chance, finished, at = random.Random(seed), [], 0
    for start, length in sorted(earlier):
        if start >= at and start + length <= count:
            finished.append(Shard(start, start + length))
            at = start + length
    leases = Leases(iter(numbers(count)), finished=finished, size=size, tries=10**9, workers=workers)
    held: list[tuple[str, Shard, tuple[int, ...]]] = []
    run: list[int] = [n for shard in finished for n in range(shard.start, shard.end)]
    while not leases.done:
        worker = f"w{chance.randrange(workers)}"
        if chance.random() < 0.1:
            leases.lose(worker, crashed=chance.random() < 0.5)
            held = [one for one in held if one[0] != worker]
        elif held and chance.random() < 0.5:
            name, shard, items = held.pop(chance.randrange(len(held)))
            leases.finish(name, shard)
            run += items
        elif (lease := leases.lease(worker)) is not None:
            assert list(lease.items) == list(range(lease.shard.start, lease.shard.end))
            assert len(lease.items) <= size
            held.append((worker, lease.shard, lease.items))
    assert sorted(run) == numbers(count)
    assert leases.total == count
    ordered = sorted(leases.finished)
    assert [shard.end for shard in ordered[:-1]] == [shard.start for shard in ordered[1:]]


def test_a_small_sweep_is_shared_by_all_workers() -> None:
    leases = Leases(iter(numbers(128)), size=64, tries=3, workers=4)
    held = {f"w{n}": 0 for n in range(4)}
    for worker in held:
        while (lease := leases.lease(worker)) is not None:
            held[worker] += len(lease.shard)
    assert max(held.values()) == min(held.values()) == 32


def test_a_worker_fills_its_engine_while_more_is_to_come() -> None:
    leases = Leases(iter(numbers(10**5)), size=64, tries=3, workers=4)
    assert all(len(lease.shard) == 64 for _ in range(100) if (lease := leases.lease("w0")))


def test_a_suspect_is_run_alone_and_given_up_after_its_tries() -> None:
    leases = Leases(iter(numbers(8)), size=2, tries=3, workers=1)
    poison = Shard(2, 4)
    finished = []
    for attempt in range(20):
        worker, mine = f"w{attempt}", []
        while (lease := leases.lease(worker)) is not None:
            if lease.crashes:
                assert not mine, "a suspect is leased to a worker that holds nothing"
            mine.append(lease.shard)
            if lease.crashes:
                break
        if poison in mine:
            leases.lose(worker, crashed=True)
        for shard in mine:
            leases.finish(worker, shard)
            finished += [shard] if poison not in mine else []
        if leases.done:
            break
    assert [lease.shard for lease in leases.given_up] == [poison]
    assert leases.given_up[0].crashes == 3
    assert sorted(n for shard in leases.finished for n in range(shard.start, shard.end)) == [0, 1, 4, 5, 6, 7]


def test_a_machine_that_goes_is_no_crash() -> None:
    leases = Leases(iter(numbers(4)), size=4, tries=1, workers=1)
    for attempt in range(5):
        assert leases.lease(f"w{attempt}") is not None
        leases.lose(f"w{attempt}", crashed=False)
    assert not leases.given_up


def test_continuous_leases_keep_many_workers_busy() -> None:
    """30 workers of 16 problems each, lognormal times; the best is one queue for all slots."""
    size = {"problems": 9_600, "sigma": 1.0}
    best = simulate(workers=1, capacity=480, size=1, **size)
    continuous = simulate(workers=30, capacity=16, size=16, **size)
    drained = simulate(workers=30, capacity=16, size=16, drain=True, **size)
    assert best.seconds / continuous.seconds > 0.9
    assert best.seconds / drained.seconds < 0.5
