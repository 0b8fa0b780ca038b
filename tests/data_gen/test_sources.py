"""Problems one at a time: streams stay streams, and an id that comes twice is found."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from data_gen_support import Sums
from hypothesis import given
from hypothesis import strategies as st

from data_gen import source
from data_gen.source import POOL, Ids, Sources
from lab.core.types import Problem
from lab.errors import InputError


class Stream(Sums):
    """Sums that are never a list; counts how many are alive at once at most."""

    made = 0

    def stream(self, split: str, *, seed: int = 0) -> Iterator[Problem]:
        for i in range(self.size):
            self.made += 1
            yield self.problem(split, i, i, i + 1)

    def problems(self, split: str, *, seed: int = 0) -> list[Problem]:
        raise AssertionError("a stream must not be made a list")


def test_a_stream_is_read_as_it_is_used():
    task = Stream(size=5 * POOL)
    sources = Sources([task], 0)
    assert task.made == 0
    assert sources.total is None
    assert task.made == len(sources.others(task)) == POOL
    seen = iter(sources)
    for _ in range(POOL + 10):
        next(seen)
    assert task.made == POOL + 10
    assert POOL + 10 + sum(1 for _ in seen) == 5 * POOL


def test_lists_and_short_streams_know_their_size_and_all_others():
    tasks = [Sums(), Stream("more", size=7)]
    sources = Sources(tasks, 0)
    assert sources.total == 19
    assert [len(sources.others(task)) for task in tasks] == [12, 7]
    assert [(label, problem.id) for label, problem in sources][11:13] == [
        ("sums", "sums/train/11"),
        ("more", "more/train/0"),
    ]


@given(
    st.lists(
        st.sampled_from(["a/1", "a/2", "a/3", "a/4", "a/03", "b/1", "b/x", "c", "a/10", "7"]), max_size=12
    )
)
def test_ids_finds_exactly_what_a_set_finds(ids):
    found, seen = Ids(), set[str]()
    for id in ids:
        if id in seen:
            with pytest.raises(InputError, match="occurs in task 't' and in task 't'"):
                found.add("t", id)
            return
        found.add("t", id)
        seen.add(id)


def test_a_repeated_id_is_found_in_the_middle_of_a_stream():
    class Twice(Stream):
        def stream(self, split, *, seed=0):
            yield from super().stream(split, seed=seed)
            yield self.problem(split, 1700, 1, 2)

    with pytest.raises(InputError, match="'sums/train/1700' occurs in task 'sums' and in task 'sums'"):
        list(Sources([Twice(size=2000)], 0))


def test_series_and_other_ids_are_remembered_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(source, "MOST_REMEMBERED", 50)
    ids = Ids()
    for i in range(1_000):
        ids.add("t", f"document{i}/0")
        ids.add("t", f"document{i}/{7 * i + 5}")
    assert len(ids._ranges) == len(ids._seen) == 50
    with pytest.raises(InputError, match="'document49/0' occurs"):
        ids.add("u", "document49/0")


def test_the_other_problems_are_read_when_a_method_asks_for_them():
    task, read = Stream(size=5), Sources([Stream(size=5)], 0)
    pool = Sources([task], 0).others(task)
    assert task.made == 0
    ids = [f"sums/train/{i}" for i in range(5)]
    assert [problem.id for problem in pool] == [problem.id for _, problem in read] == ids
    assert task.made == len(pool) == 5
    assert [problem.id for problem in pool[1:3]] == ids[1:3]
    assert pool[4].id == ids[4]


def test_ids_that_count_upwards_cost_no_memory():
    ids = Ids()
    tracemalloc.start()
    for i in range(100_000):
        ids.add("t", f"blank/train/{i}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
