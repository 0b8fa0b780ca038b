"""Files of finished shards and their index: what was written is found, damage noticed, the first stays."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from banks import entry, key_of, stage_in
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.bank.cluster.catalogue import BankCatalogue
from lab.core.bank.cluster.committed import CommittedShards
from lab.core.bank.cluster.index import BankIndex, hash_of, write_index
from lab.core.bank.cluster.places import FOLDER, INDEX, bank_file, finished_shards
from lab.core.bank.cluster.recent import Recent
from lab.core.bank.cluster.shard_file import ShardFile, write_shard_file
from lab.core.shards import Shard


def written(path: Path, problems: int, samples: int, text: str = "") -> Path:
    names = sorted(f"p{number}" for number in range(problems))
    keys = sorted((name, key_of(name, sample), sample) for name in names for sample in range(samples))
    write_shard_file(path, ((name, entry(name, sample, text)) for name, _, sample in keys))
    return path


@settings(max_examples=20)
@given(problems=st.integers(0, 20), samples=st.integers(1, 40))
def test_every_completion_is_found_by_problem_and_key(tmp_path_factory, problems, samples):
    path = written(tmp_path_factory.mktemp("bank") / "a.parquet", problems, samples)
    files = CommittedShards()
    for number in range(problems):
        for sample in range(samples):
            (stored,) = files.find([path], f"p{number}", key_of(f"p{number}", sample))
            assert stored.completion.text == f"p{number}:{sample}"
            assert stored.owner.endswith(f"/p{number}")
    assert not list(files.find([path], "p0", key_of("other")))
    assert not list(files.find([path], "other", key_of("p0")))
    assert files.damaged == 0


def test_any_tool_reads_the_file_sorted_and_in_small_row_groups(tmp_path):
    path = written(tmp_path / "a.parquet", 30, 7)
    table = pq.read_table(path)
    assert table.column_names == ["key", "problem", "owner", "value", "checksum"]
    pairs = list(zip(table["problem"].to_pylist(), table["key"].to_pylist(), strict=True))
    assert pairs == sorted(pairs)
    assert pq.ParquetFile(path).metadata.row_group(0).num_rows == 64
    large = written(tmp_path / "b.parquet", 4, 4, text="x" * 600_000)
    assert pq.ParquetFile(large).metadata.num_row_groups == 8, "a row group ends after a MiB"


def test_completions_of_other_keys_are_not_read(tmp_path, monkeypatch):
    path, files = written(tmp_path / "a.parquet", 5, 5), CommittedShards()
    monkeypatch.setattr(ShardFile, "entries", lambda *_: pytest.fail("it read the values"))
    assert not list(files.find([path], "p0", key_of("another model")))


def test_the_file_that_was_first_stays(tmp_path):
    """Eight writers at once: one file, complete, of one of them, and nothing left beside it."""
    path, start = tmp_path / "a.parquet", threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        written(path, 10, 3, text=f"of {number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = CommittedShards()
    texts = {s.completion.text for p in range(10) for s in files.find([path], f"p{p}", key_of(f"p{p}"))}
    assert len(texts) == 1
    assert [f.name for f in tmp_path.iterdir()] == ["a.parquet"]
    before = path.read_bytes()
    write_shard_file(path, [("p", entry("p"))])
    assert path.read_bytes() == before


def test_without_hard_links_the_first_one_stays_too(tmp_path, monkeypatch):
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    path = written(tmp_path / "a.parquet", 2, 2)
    before = path.read_bytes()
    written(path, 3, 3)
    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", range(120))
def test_a_damaged_file_gives_what_was_stored_or_nothing(tmp_path, seed):
    path, rng = written(tmp_path / "a.parquet", 12, 12), random.Random(seed)
    data = bytearray(path.read_bytes())
    if seed % 4 == 0:
        del data[rng.randrange(len(data)) :]
    for _ in range(rng.randint(1, 3) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    files = CommittedShards()
    for number in range(12):
        for sample in range(12):
            found = list(files.find([path], f"p{number}", key_of(f"p{number}", sample)))
            assert [s.completion.text for s in found] in ([], [f"p{number}:{sample}"])


@pytest.mark.parametrize("column", ["key", "owner", "value", "checksum"])
def test_a_changed_cell_is_noticed_and_counted(tmp_path, column):
    path = written(tmp_path / "a.parquet", 1, 2)
    table = pq.read_table(path)
    first = {"owner": "x", "value": b"[]", "key": b"k" * 16, "checksum": b"c" * 8}[column]
    cells = pa.array([first, table[column][1].as_py()], table.schema.field(column).type)
    where = table.column_names.index(column)
    pq.write_table(table.set_column(where, table.schema.field(column), cells), path, compression="none")
    files = CommittedShards()
    key = first if column == "key" else table["key"][0].as_py()
    assert list(files.find([path], "p0", key)) == []
    assert files.damaged == 1


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\0" * 100, b"PAR1" + b"\xff" * 50 + b"PAR1"])
def test_what_is_no_bank_is_ignored_and_counted_once(tmp_path, content):
    path, files = tmp_path / "a.parquet", CommittedShards()
    path.write_bytes(content)
    assert [list(files.find([path], "p0", key_of("p0"))) for _ in range(3)] == [[], [], []]
    assert files.damaged == 1
    gone = CommittedShards()
    assert not list(gone.find([tmp_path / "gone.parquet"], "p0", key_of("p0")))
    assert gone.damaged == 0


def test_another_parquet_file_is_no_bank(tmp_path):
    pq.write_table(pa.table({"key": [b"k" * 16], "problem": ["p0"]}), tmp_path / "a.parquet")
    files = CommittedShards()
    assert not list(files.find([tmp_path / "a.parquet"], "p0", b"k" * 16))
    assert files.damaged == 1


@settings(max_examples=25)
@given(
    st.lists(st.lists(st.integers(0, 5000), min_size=1, max_size=600), min_size=1, max_size=4),
    st.booleans(),
)
def test_the_index_finds_what_a_dict_finds(tmp_path_factory, shards, collide):
    """Problems that are in several files, and hashes of which many are equal."""
    import lab.core.bank.cluster.index as module

    path = tmp_path_factory.mktemp("runs") / "r" / "s-0123456789ab" / FOLDER / INDEX
    path.parent.mkdir(parents=True)
    real, module.hash_of = module.hash_of, (lambda p: hash_of(p) % 50) if collide else hash_of
    try:
        numbered = [Shard(n, n + 1) for n in range(len(shards))]
        module._write(path, numbered, [dict.fromkeys(map(str, found)) for found in shards])
        asked = [str(n) for found in shards for n in found[:40]] + ["absent", "-1"]
        found = BankIndex(path).files_for(asked)
    finally:
        module.hash_of = real
    stage = path.parent.parent
    for problem in asked:
        right = (
            {bank_file(stage, numbered[n]) for n, had in enumerate(shards) if int(problem) in had}
            if problem != "absent"
            else set()
        )
        got = set(found.get(problem, ()))
        assert got >= right if collide else got == right


def test_a_large_index_reads_a_few_kilobytes_for_each_problem(tmp_path):
    import lab.core.bank.cluster.index as module

    path = tmp_path / "s" / FOLDER / INDEX
    path.parent.mkdir(parents=True)
    shards = [Shard(n, n + 100) for n in range(0, 200_000, 100)]
    module._write(path, shards, ([f"p{n}" for n in range(s.start, s.end)] for s in shards))
    index = BankIndex(path)
    assert index._fences.nbytes < 4000
    rng = np.random.default_rng(0)
    for n in rng.integers(0, 200_000, 300):
        (found,) = index.files_for([f"p{n}"])[f"p{n}"]
        assert found.name.startswith(f"{n // 100 * 100:012}-")
    assert index.files_for([f"q{n}" for n in range(100)]) == {}


def test_an_index_is_written_from_the_files_and_a_damaged_file_is_left_out(tmp_path):
    stage = stage_in(tmp_path)
    for start in (0, 64):
        write_shard_file(bank_file(stage, Shard(start, start + 64)), [(f"p{start}", entry(f"p{start}"))])
    bank_file(stage, Shard(128, 192)).write_bytes(b"no")
    (stage / FOLDER / "notes.parquet").touch()
    assert finished_shards(stage) == [Shard(0, 64), Shard(64, 128), Shard(128, 192)]
    assert write_index(stage) == 1
    found = BankCatalogue(tmp_path).files_for(["p0", "p64", "p128"])
    assert found == {p: [bank_file(stage, Shard(n, n + 64))] for p, n in (("p0", 0), ("p64", 64))}
    assert len(BankCatalogue(tmp_path, without=stage)) == 0


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_index_costs_time_at_most(tmp_path, seed):
    stage, rng = stage_in(tmp_path), random.Random(seed)
    for n in range(5):
        write_shard_file(bank_file(stage, Shard(n, n + 1)), [(f"p{n}", entry(f"p{n}"))])
    write_index(stage)
    path = stage / FOLDER / INDEX
    data = bytearray(path.read_bytes())
    if seed % 3 == 0:
        del data[rng.randrange(len(data)) :]
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    found, files = BankCatalogue(tmp_path).files_for([f"p{n}" for n in range(5)]), CommittedShards()
    for problem, paths in found.items():
        assert all(s.owner.endswith(problem) for s in files.find(paths, problem, key_of(problem)))


def test_a_stage_that_was_removed_is_forgotten(tmp_path):
    stage = stage_in(tmp_path)
    write_shard_file(bank_file(stage, Shard(0, 1)), [("p0", entry("p0"))])
    write_index(stage)
    catalogue = BankCatalogue(tmp_path)
    (stage / FOLDER / INDEX).unlink()
    assert catalogue.files_for(["p0"]) == {}
    assert (len(catalogue), catalogue.damaged) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=60), st.integers(1, 12))
def test_a_cache_keeps_the_last_ones_within_its_size(calls, most):
    cache, made = Recent[int, int](most), []
    for name, size in calls:
        assert cache.get(name, lambda name=name: made.append(name) or name, lambda _, size=size: size) == name
        assert cache._total == sum(size for _, size in cache._kept.values())
        assert cache._total <= most or len(cache._kept) == 1
        assert next(reversed(cache._kept)) == name
