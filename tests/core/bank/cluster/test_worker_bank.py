"""The bank of a worker: as the SQLite bank for the scheduler, whoever else works, dies or damages files."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path

import pytest
from banks import OWNER, completion, entry, fill, key_of, opened, problems_of, stage_in
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.bank.cluster.layered import LayeredBank, open_bank
from lab.core.bank.cluster.log import framed
from lab.core.bank.cluster.places import LOG, attempt_folder, bank_file
from lab.core.bank.cluster.settled import settle
from lab.core.bank.cluster.worker_bank import ShardBank
from lab.core.bank.samples import Asked
from lab.core.bank.store import Bank
from lab.core.shards import Shard
from lab.core.types import Completion, Usage
from lab.errors import BankError

SHARD = Shard(0, 4)
NAMES = problems_of(SHARD)


def texts(bank: ShardBank | LayeredBank | Bank, problems: list[str], samples: int = 2) -> list[str | None]:
    found = [bank.get(key_of(p, n), problem=p) for p in problems for n in range(samples)]
    return [f and f.completion.text for f in found]


def right(problems: list[str], samples: int = 2) -> list[str]:
    return [f"{p}:{n}" for p in problems for n in range(samples)]


wanted = st.fixed_dictionaries({"logprobs": st.booleans(), "certainty": st.booleans()})
operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(NAMES), st.integers(0, 2), st.text(max_size=3), wanted),
        st.tuples(st.just("get"), st.sampled_from(NAMES), st.integers(0, 2), st.just(""), wanted),
        st.tuples(st.sampled_from(["commit", "again", "die"]), st.just(""), st.just(0), st.just(""), wanted),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(operations, st.booleans())
def test_it_answers_as_the_sqlite_bank_does(tmp_path_factory, operations, given_numbers):
    """Also after the worker has died and another has opened the shard, and after the shard was finished."""
    stage, lite = stage_in(tmp_path_factory.mktemp("runs")), Bank(":memory:")
    bank, attempts = ShardBank(stage), 0
    opened(bank, stage, SHARD)
    for what, problem, sample, text, numbers in operations:
        if what == "put":
            had = lite.asked(key_of(problem, sample))  # as the scheduler does, see `_for_all`
            asked = {name: numbers[name] or getattr(had, name) for name in numbers}
            done = completion(text, logprobs=given_numbers and asked["logprobs"])
            args = key_of(problem, sample), done, f"{OWNER}/{problem}"
            assert bank.put(*args, **asked) == lite.put(*args, **asked)
        elif what == "get":
            key = key_of(problem, sample)
            assert bank.get(key, problem=problem, **numbers) == lite.get(key, **numbers)
            assert bank.asked(key, problem=problem) == lite.asked(key)
        elif what == "commit":
            bank.commit()
        else:
            attempts += 1
            if what == "die":
                bank.commit()  # without: an operating system that has all, too
            bank.close()
            bank = ShardBank(stage)
            opened(bank, stage, SHARD, worker=f"w{attempts:02}")
    bank.finish_shard(SHARD)
    again = ShardBank(stage)
    opened(again, stage, SHARD, worker="last")
    for problem in NAMES:
        for sample in range(3):
            key = key_of(problem, sample)
            assert again.get(key, problem=problem) == lite.get(key)
            assert again.asked(key, problem=problem) == lite.asked(key)
    again.close()


def test_a_finished_shard_is_one_file_and_leaves_memory(tmp_path):
    stage, bank = stage_in(tmp_path), ShardBank(stage_in(tmp_path))
    folder = opened(bank, stage, SHARD)
    fill(bank, stage, SHARD)
    assert texts(bank, NAMES) == right(NAMES)
    bank.finish_shard(SHARD)
    assert not (folder / LOG).exists()
    assert [f.name for f in (stage / "bank").iterdir()] == ["000000000000-000000000004.parquet"]
    assert texts(bank, NAMES) == [None] * 8, "they are no longer of interest to this worker"
    with pytest.raises(BankError, match="is not open"):
        bank.finish_shard(SHARD)
    opened(bank, stage, SHARD)
    assert texts(bank, NAMES) == right(NAMES)
    with pytest.raises(BankError, match="is open already"):
        opened(bank, stage, SHARD)
    bank.finish_shard(SHARD)
    bank.close()


def test_a_shard_without_completions_of_its_own_makes_no_file(tmp_path):
    stage, bank = stage_in(tmp_path), ShardBank(stage_in(tmp_path))
    opened(bank, stage, SHARD)
    bank.finish_shard(SHARD)
    assert not (stage / "bank").exists()


def test_what_dead_workers_left_is_taken_over_also_of_other_shard_sizes(tmp_path):
    stage = stage_in(tmp_path)
    for number, shard in enumerate((Shard(0, 3), Shard(3, 6), Shard(6, 20))):
        dead = ShardBank(stage)
        opened(dead, stage, shard, worker=f"dead.{number}")
        fill(dead, stage, shard)
        dead._open[shard]._log._pending.append(b"an end that was cut o")
        dead.commit()
    said: list[str] = []
    bank, shard = ShardBank(stage, tell=said.append), Shard(2, 8)
    opened(bank, stage, shard)
    assert texts(bank, problems_of(shard)) == right(problems_of(shard))
    assert len(bank._open[shard]._places) == 2 * len(shard), "those of other problems are not taken over"
    bank.finish_shard(shard)
    assert bank.damaged == 3
    bank.close()
    bank.close()
    assert len(said) == 1
    assert "3 damaged or incomplete entries" in said[0]
    after = ShardBank(stage)
    for path in (stage / ".parts").glob("*/bank.log"):
        path.unlink()
    opened(after, stage, shard)
    assert texts(after, problems_of(shard)) == right(problems_of(shard)), "its file has what it took over"


def test_a_log_that_is_still_being_written_is_read_so_far(tmp_path):
    stage = stage_in(tmp_path)
    other, mine = ShardBank(stage), ShardBank(stage)
    opened(other, stage, SHARD, worker="slow")
    fill(other, stage, SHARD, samples=1)
    opened(mine, stage, SHARD, worker="fast")
    fill(other, stage, SHARD, samples=2)
    assert texts(mine, NAMES, samples=1) == right(NAMES, samples=1)
    assert texts(mine, NAMES)[1::2] == [None] * 4
    mine.finish_shard(SHARD)
    other.finish_shard(SHARD)
    third = ShardBank(stage)
    opened(third, stage, SHARD)
    assert texts(third, NAMES)[::2] == right(NAMES)[::2]


def test_finished_shards_of_this_stage_are_found_by_their_numbers(tmp_path):
    stage = stage_in(tmp_path)
    for shard in (Shard(0, 4), Shard(4, 8)):
        bank = ShardBank(stage)
        opened(bank, stage, shard)
        fill(bank, stage, shard)
        bank.finish_shard(shard)
    again, shard = ShardBank(stage), Shard(2, 6)
    opened(again, stage, shard)
    assert texts(again, problems_of(shard)) == right(problems_of(shard))
    found = again.get(key_of("p/3"), problem="p/3")
    assert found is not None
    assert found.owner == f"{OWNER}/p/3", "the ledger tells by it that it was executed for this stage"


def test_completions_of_several_earlier_stages_are_joined(tmp_path):
    """Each stage has some problems, in an order of its own, and some samples."""
    rng, known = random.Random(0), {}
    for number in range(5):
        stage = stage_in(tmp_path, run=f"r{number % 2}", name=f"s{number}-0123456789ab")
        problems = rng.sample([f"p/{n}" for n in range(40)], 24)
        bank = ShardBank(stage)
        for at in range(0, 24, 8):
            shard = Shard(at, at + 8)
            bank.open_shard(shard, problems[at : at + 8], attempt_folder(stage, shard, "w"))
            for problem in problems[at : at + 8]:
                owner = f"{stage.parent.name}/{stage.name}/{problem}"
                bank.put(key_of(problem, number), completion(f"{number} {problem}"), owner)
                known[problem, number] = f"{number} {problem}"
            bank.finish_shard(shard)
        bank.close()
        settle(stage)
    bank = ShardBank(stage_in(tmp_path, run="now"))
    shard = Shard(0, 40)
    opened(bank, stage_in(tmp_path, run="now"), shard)
    for problem in problems_of(shard):
        for number in range(5):
            found = bank.get(key_of(problem, number), problem=problem)
            assert (found and found.completion.text) == known.get((problem, number))
    assert bank.damaged == 0


def test_a_completion_of_an_abandoned_shard_is_returned_and_not_stored(tmp_path):
    stage, said = stage_in(tmp_path), list[str]()
    bank = ShardBank(stage, tell=said.append)
    folder = opened(bank, stage, SHARD)
    bank.abandon_shard(SHARD)
    done = completion("late", logprobs=True)
    assert bank.put(key_of(NAMES[0]), done, f"{OWNER}/{NAMES[0]}") == done
    assert bank.get(key_of(NAMES[0]), problem=NAMES[0]) is None
    assert (folder / LOG).stat().st_size == 0
    bank.close()
    assert said == ["1 completions of abandoned shards were not stored"]


def test_impossible_numbers_and_foreign_owners_are_refused(tmp_path):
    stage, bank = stage_in(tmp_path), ShardBank(stage_in(tmp_path))
    opened(bank, stage, SHARD)
    with pytest.raises(BankError, match="out of range"):
        bank.put(key_of("p/0"), Completion("", "stop", Usage(-1, 0, 0)), f"{OWNER}/p/0")
    with pytest.raises(BankError, match="does not belong to the stage"):
        bank.put(key_of("p/0"), completion(""), "run/other-0123456789ab/p/0")


def test_a_full_disk_at_the_end_leaves_the_shard_open(tmp_path, monkeypatch):
    stage, bank = stage_in(tmp_path), ShardBank(stage_in(tmp_path))
    opened(bank, stage, SHARD)
    fill(bank, stage, SHARD)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            bank.finish_shard(SHARD)
    assert not bank_file(stage, SHARD).exists()
    bank.finish_shard(SHARD)
    assert bank_file(stage, SHARD).exists()


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_costs_time_at_most(tmp_path, seed):
    """Logs, files and indexes with flipped bits and cut ends: what is found is right, nothing is fatal."""
    rng, earlier, stage = random.Random(seed), stage_in(tmp_path, run="before"), stage_in(tmp_path)
    for where in (earlier, stage):
        bank = ShardBank(where)
        for shard in (SHARD, Shard(4, 8)):
            opened(bank, where, shard)
            fill(bank, where, shard)
        bank.finish_shard(SHARD)
        bank.close()
    settle(earlier)
    for path in [*tmp_path.rglob("*.parquet"), *tmp_path.rglob("*.bin"), *tmp_path.rglob("*.log")]:
        data = bytearray(path.read_bytes())
        for _ in range(rng.randint(0, 2)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
    bank, problems = ShardBank(stage), problems_of(Shard(0, 8))
    bank.open_shard(Shard(0, 8), problems, attempt_folder(stage, Shard(0, 8), "new"))
    assert set(zip(right(problems), texts(bank, problems), strict=True)) <= {
        pair for text in right(problems) for pair in ((text, text), (text, None))
    }
    bank.close()


def test_memory_is_flat_over_two_thousand_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    bank = ShardBank(stage_in(tmp_path))
    folder, done, peaks = tmp_path / "work", completion("x" * 2000), []
    tracemalloc.start()
    for number in range(2_000):
        shard = Shard(number, number + 1)
        bank.open_shard(shard, problems_of(shard), folder)
        for sample in range(4):
            bank.put(key_of(f"p/{number}", sample), done, f"{OWNER}/p/{number}")
        bank.finish_shard(shard)
        if number % 500 == 499:
            peaks.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert peaks[-1] - peaks[0] < 64 << 10
    assert (bank._open, bank._homes, bank._files) == ({}, {}, {})


def test_the_sqlite_bank_of_this_computer_is_read_and_never_written(tmp_path):
    lite = Bank(tmp_path / "bank.sqlite")
    lite.put(key_of("p/0"), completion("lite"), "other/stage/p/0", certainty=True)
    lite.commit()
    stage = stage_in(tmp_path)
    bank = ShardBank(stage, beside=tmp_path / "bank.sqlite")
    opened(bank, stage, SHARD)
    found = bank.get(key_of("p/0"), problem="p/0", certainty=True)
    assert found is not None
    assert (found.completion.text, found.owner) == ("lite", "other/stage/p/0")
    assert bank.asked(key_of("p/0"), problem="p/0") == Asked(certainty=True)
    bank.put(key_of("p/0"), completion("mine"), f"{OWNER}/p/0")
    assert texts(bank, ["p/0"], samples=1) == ["mine"]
    assert bank.asked(key_of("p/0"), problem="p/0") == Asked(certainty=True), "both were wanted"
    bank.close()
    assert texts(lite, ["p/0"], samples=1) == ["lite"]
    lite.close()


@pytest.mark.parametrize("content", [b"", b"no database" * 1000, None])
def test_without_a_usable_sqlite_bank_it_goes_on(tmp_path, content):
    path, said, stage = tmp_path / "bank.sqlite", list[str](), stage_in(tmp_path)
    if content is not None:
        path.write_bytes(content)
    bank = ShardBank(stage, beside=path, tell=said.append)
    opened(bank, stage, SHARD)
    assert texts(bank, ["p/0"], samples=1) == [None]
    assert not bank.former
    assert len(said) == (1 if content else 0)
    assert path.exists() == (content is not None)


def test_a_sqlite_bank_on_a_network_file_system_is_not_read(tmp_path, monkeypatch):
    from lab.system import mounts

    Bank(tmp_path / "bank.sqlite").close()
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "_MOUNTS", table)
    for kind, local in (("nfs4", False), ("ext4", True)):
        table.write_text(f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / {tmp_path} rw - {kind} server:/a rw\n")
        assert mounts.is_local(tmp_path / "bank.sqlite") == local
        bank = ShardBank(stage_in(tmp_path), beside=tmp_path / "bank.sqlite")
        assert (bank._beside._db is not None) == local
        bank.close()
    table.unlink()
    assert not mounts.is_local(tmp_path)


def cluster_stage(runs: Path, run: str, shard: Shard, samples: int = 2) -> Path:
    stage = stage_in(runs, run=run)
    bank = ShardBank(stage)
    opened(bank, stage, shard)
    fill(bank, stage, shard, samples=samples)
    bank.finish_shard(shard)
    bank.close()
    settle(stage)
    return stage


def test_one_process_is_served_what_a_cluster_made(tmp_path):
    cluster_stage(tmp_path, "cluster", SHARD)
    said: list[str] = []
    bank = open_bank(tmp_path / "bank.sqlite", stage_in(tmp_path), tell=said.append)
    assert isinstance(bank, LayeredBank)
    assert texts(bank, [*NAMES, "other"]) == [*right(NAMES), None, None]
    key = key_of("p/0")
    found = bank.get(key, problem="p/0")
    assert found is not None
    assert found.owner.startswith("cluster/")
    assert bank.get(key, problem="p/0", certainty=True) is None
    assert bank.asked(key, problem="p/0") == Asked()
    bank.put(key, completion("new", logprobs=True), f"{OWNER}/p/0", certainty=True, logprobs=True)
    assert bank.asked(key, problem="p/0") == Asked(logprobs=True, certainty=True)
    assert texts(bank, ["p/0"], samples=1) == ["new"], "SQLite comes first"
    bank.commit()
    bank.close()
    assert said == []


def test_one_process_continues_what_a_cluster_began(tmp_path):
    """From finished shards, and from the logs of others."""
    stage = stage_in(tmp_path)
    bank = ShardBank(stage)
    for shard in (SHARD, Shard(4, 8)):
        opened(bank, stage, shard)
        fill(bank, stage, shard)
    bank.finish_shard(SHARD)
    bank.close()
    alone = open_bank(tmp_path / "bank.sqlite", stage)
    assert texts(alone, problems_of(Shard(0, 8))) == right(problems_of(Shard(0, 8)))
    alone.close()
    assert texts(open_bank(tmp_path / "bank.sqlite", stage), NAMES) == right(NAMES)


def test_without_a_cluster_the_sqlite_bank_is_alone(tmp_path):
    stage = stage_in(tmp_path)
    bank = open_bank(tmp_path / "bank.sqlite", stage)
    assert type(bank) is Bank
    bank.close()
    assert list(stage.iterdir()) == []


def test_an_entry_of_another_stage_in_a_log_is_not_taken_over(tmp_path):
    stage, bank = stage_in(tmp_path), ShardBank(stage_in(tmp_path))
    other = attempt_folder(stage, SHARD, "other")
    other.mkdir(parents=True)
    (other / LOG).write_bytes(framed(entry("p/0", owner="run/other-0123456789ab")) + framed(entry("p/1")))
    opened(bank, stage, SHARD)
    assert texts(bank, ["p/0", "p/1"], samples=1) == [None, "p/1:0"]
    assert bank.damaged == 1
