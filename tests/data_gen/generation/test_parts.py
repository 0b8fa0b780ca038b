"""A corpus put together from parts has the bytes of one process, whatever the method, filters and shards."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from data_gen_support import Sums
from every_filter import VARIANTS
from generation_world import ALL, World
from in_parts import absorb, do, in_parts, shards
from scripted import ScriptedEngine
from test_every_method import EVERY, TASKS, Talking

from data_gen.filters import (
    CapPerProblem,
    CapPerTemplate,
    ExactDuplicates,
    JudgeRating,
    MinHashDuplicates,
    NgramOverlap,
    PassRate,
    PersonalData,
    RewardFilter,
    Secrets,
    Unfinished,
    Verified,
)
from data_gen.filters.base import Context, Finds, FindsInParts, Surveys
from data_gen.generation import finishing
from data_gen.methods import RejectionSampling
from lab.core.types import Completion, Usage
from lab.errors import StageError
from lab.formats import corpus

JUDGED = [Unfinished(), JudgeRating(model="judge", threshold=0.3), JudgeRating(threshold=0.2)]
LISTS: dict[str, list[Any]] = {
    "none": [],
    "local": [Secrets(action="redact"), *JUDGED, PassRate(min=0.0, max=1.0), CapPerProblem(k=3)],
    "global": [*JUDGED, ExactDuplicates(scope="corpus"), CapPerTemplate(k=9), CapPerProblem(k=2)],
    "global first": [
        CapPerTemplate(k=40),
        *JUDGED,
        MinHashDuplicates(scope="corpus", threshold=0.5, ngram=2),
    ],
    "surveyed later": [Unfinished(), CapPerTemplate(k=60), PassRate(min=0.0, max=1.0)],
}


@pytest.fixture
def plain_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are drawn from audit.json alone, which takes a second or two."""
    monkeypatch.setattr(finishing, "pictures", lambda report: [])


def check_equal(world: World, out: Path, size: int) -> None:
    """The parts have the bytes, or the error, of one process."""
    try:
        whole = world.whole(out / "whole")
    except StageError as error:
        with pytest.raises(StageError, match=f"^{re.escape(str(error))}$"):
            world.in_parts(out / "parts", size)
    else:
        assert world.in_parts(out / "parts", size) == whole


def talking() -> Talking:
    return Talking(fail_rate=0.03, batch=16, latency_order="shuffled", identity="f")


@pytest.mark.parametrize("filters", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("size", [1, 4, 64, ALL])
def test_every_size_of_shard_gives_the_same_bytes(tmp_path, plain_figures, filters, size):
    tasks, tests = [Sums(size=70 if size > 1 else 20)], [Sums("exam", size=9)]
    world = World(filters=filters, tasks=tasks, models=["judge"], test_tasks=tests, engine=talking)
    whole = world.whole(tmp_path / "whole")
    assert set(whole) >= {"data/train-00000.parquet", "audit.json", "README.md", "ledger.parquet"}
    assert world.in_parts(tmp_path / "parts", size) == whole


@pytest.mark.parametrize("method", EVERY, ids=lambda m: f"{m.kind}-{EVERY.index(m)}")
def test_every_method_gives_the_same_bytes(tmp_path, plain_figures, method):
    for name in ("none", "global"):
        world = World(method, LISTS[name], [TASKS[method.reads]], models=["judge", "teacher"], engine=talking)
        check_equal(world, tmp_path / name, 3)


@pytest.mark.parametrize("filter", VARIANTS, ids=lambda f: f"{f.kind}-{VARIANTS.index(f)}")
def test_every_filter_gives_the_same_bytes_alone_and_after_others(tmp_path, plain_figures, filter):
    filter = filter.model_copy(update={"model": "judge"}) if "model" in type(filter).model_fields else filter
    if isinstance(filter, RewardFilter):
        pytest.skip("needs a classifier; its screen is that of judge_rating")
    for number, filters in enumerate(([filter], [Unfinished(), CapPerTemplate(k=50), filter])):
        few = filter.compares_meanings
        tasks, tests, out = [Sums(size=8 if few else 40)], [Sums("exam", size=9)], tmp_path / str(number)
        world = World(filters=filters, tasks=tasks, models=["judge"], test_tasks=tests, engine=talking)
        check_equal(world, out, 4 if few else 16)


def test_filters_say_what_their_screens_are():
    for filter in VARIANTS:
        screen = filter.open(Context(part=True))
        assert isinstance(screen, Surveys) == filter.surveys, filter.kind
        assert not isinstance(screen, Finds) or isinstance(screen, FindsInParts), filter.kind


def test_row_groups_files_and_figures_are_cut_at_the_same_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "ROWS_PER_GROUP", 30)
    monkeypatch.setattr(
        corpus.CorpusWriter.__init__, "__kwdefaults__", {"shape": "completion", "rows_per_shard": 100}
    )
    for name in ("none", "global"):
        world = World(filters=LISTS[name], models=["judge"], engine=talking)
        whole = world.whole(tmp_path / name / "whole")
        assert "figures/lengths.png" in whole
        assert ("data/train-00002.parquet" in whole) == (name == "none")
        for size in (7, ALL):
            assert world.in_parts(tmp_path / name / str(size), size) == whole


def parts_of(tmp_path: Path, name: str) -> tuple[World, list[Path]]:
    world = World(filters=LISTS[name], models=["judge"], engine=talking)
    return world, in_parts(world.work, tmp_path / "out", world.run, 20)


@pytest.mark.parametrize("name", ["local", "global"])
def test_a_damaged_part_is_one_error(tmp_path, plain_figures, name):
    world, folders = parts_of(tmp_path, name)
    files = sorted(folders[1].iterdir())
    assert {"part.json", "state.json", "ledger.parquet"} < {file.name for file in files}
    for file in files:
        content = file.read_bytes()
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        for damaged in (None, b"", content[:middle], content + b" x", flipped):
            file.unlink()
            if damaged is not None:
                file.write_bytes(damaged)
            with pytest.raises(StageError, match=r"this part of the stage is damaged"):
                absorb(world.work(), tmp_path / "again", folders)
            assert not (tmp_path / "again" / "data").exists()
            assert not (tmp_path / "again" / "ledger.parquet").exists()
            file.write_bytes(content)
    absorb(world.work(), tmp_path / "again", folders)


def test_parts_in_another_order_or_missing_are_one_error(tmp_path, plain_figures):
    world, folders = parts_of(tmp_path, "none")
    for wrong in ([folders[1], folders[0], *folders[2:]], [folders[0], folders[0]], folders[1:]):
        with pytest.raises(StageError, match=r"number \d+ comes next"):
            absorb(world.work(), tmp_path / "again", wrong)
    with pytest.raises(StageError, match="only 60 of 70 problems"):
        absorb(world.work(), tmp_path / "again", folders[:-1])


def test_a_driver_that_only_absorbs_opens_no_screen_of_a_local_filter(tmp_path, plain_figures, monkeypatch):
    world, folders = parts_of(tmp_path, "local")

    def fail(*args: object) -> None:
        raise AssertionError("a driver needs no screens")

    monkeypatch.setattr(PassRate, "open", fail)
    monkeypatch.setattr(NgramOverlap, "open", fail)
    absorb(world.work(), tmp_path / "again", folders)


def test_when_everything_fails_the_stage_ends_as_in_one_process(tmp_path, plain_figures):
    world = World(filters=[Verified()], max_failed=0.5, engine=lambda: Talking(fail_rate=1.0, batch=16))
    with pytest.raises(StageError) as whole:
        world.whole(tmp_path / "whole")
    assert "It was stopped after 64 problems" in str(whole.value)
    for size in (4, 64, ALL):
        with pytest.raises(StageError) as parts:
            world.in_parts(tmp_path / str(size), size)
        assert str(parts.value) == str(whole.value)


def test_what_a_filter_hides_is_in_no_part_and_a_long_failure_is_the_same(tmp_path, plain_figures):
    def secretive(request: Any) -> Any:
        if request.sampling.seed % 4:
            return f"{request.sampling.seed} a@b.example.org"
        return Completion("", "error", Usage(0, 0, 0), error=f"a@b.example.org said {'no ' * 300}")

    filters = [PersonalData(), NgramOverlap()]
    world = World(RejectionSampling(samples=1), filters, engine=lambda: ScriptedEngine(secretive, shuffle=1))
    with pytest.raises(StageError) as whole:
        world.whole(tmp_path / "whole")
    with pytest.raises(StageError) as parts:
        world.in_parts(tmp_path / "parts", 9)
    assert str(parts.value) == str(whole.value)
    audits = [(tmp_path / name / "audit.json").read_bytes() for name in ("whole", "parts")]
    assert audits[0] == audits[1]
    assert b'"dropped": 5' in audits[0]
    for file in (tmp_path / "parts").rglob("*"):
        assert file.is_dir() or b"a@b.example" not in file.read_bytes()


def test_a_worker_reads_only_the_problems_that_it_gets(tmp_path, plain_figures):
    class Unread(Sums):
        def problems(self, split: str, *, seed: int = 0) -> list[Any]:
            assert split == "test", "a worker reads no training problems"
            return super().problems(split, seed=seed)

    driver, worker = World(), World(tasks=[Unread(size=70)])
    ((_, items),) = shards(driver.work(), ALL)
    do(worker.work(), items, tmp_path / "part", worker.run)
    assert (tmp_path / "part" / "part.json").exists()


@pytest.mark.parametrize("name", ["none", "global"])
def test_memory_stays_flat_as_parts_are_absorbed(tmp_path, plain_figures, name):
    world = World(RejectionSampling(samples=2), LISTS[name], models=["judge"], engine=talking)
    ((_, items),) = shards(world.work(), ALL)
    do(world.work(), items, tmp_path / "part", world.run)
    with world.work().product(tmp_path / "out") as product:
        for _ in range(20):
            product.absorb(tmp_path / "part")
        tracemalloc.start()
        for _ in range(150):  # 10,500 problems
            product.absorb(tmp_path / "part")
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert grown < 2**20
