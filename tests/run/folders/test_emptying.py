"""A stage that is removed or begun again keeps the completions that a cluster has generated for it."""

from __future__ import annotations

from pathlib import Path

from banks import entry, fill, key_of, opened, problems_of, stage_in

from lab.core.bank.cluster.catalogue import BankCatalogue
from lab.core.bank.cluster.committed import CommittedShards
from lab.core.bank.cluster.log import framed
from lab.core.bank.cluster.places import LOG, attempt_folder
from lab.core.bank.cluster.worker_bank import ShardBank
from lab.core.shards import Shard
from lab.run.folders.emptying import empty
from lab.run.history.clean import remove, stale

FINISHED, LEFT = Shard(0, 4), Shard(4, 8)


def stage_of_cluster(runs: Path) -> Path:
    """One shard is finished, one was left by a worker that died; products are there, too."""
    stage = stage_in(runs)
    bank = ShardBank(stage)
    for shard in (FINISHED, LEFT):
        opened(bank, stage, shard)
        fill(bank, stage, shard)
    bank.finish_shard(FINISHED)
    bank.close()
    (stage / "manifest.json").write_text("{}")
    (stage / "model").mkdir()
    (stage / "model" / "weights").write_bytes(b"w" * 1000)
    return stage


def kept(runs: Path) -> int:
    problems, files = problems_of(Shard(0, 8)), CommittedShards()
    found = BankCatalogue(runs).files_for(problems)
    return sum(len(list(files.find(found.get(p, []), p, key_of(p, n)))) for p in problems for n in range(2))


def test_what_begins_again_has_its_completions(tmp_path):
    stage = stage_of_cluster(tmp_path)
    empty(stage)
    assert [f.name for f in stage.iterdir()] == ["bank"]
    assert kept(tmp_path) == 16


def test_a_stage_that_is_cleaned_away_leaves_its_completions(tmp_path):
    stage = stage_of_cluster(tmp_path)
    (found,) = stale(stage.parent)
    assert found.size >= 1000
    assert remove([found]) == found.size
    assert [f.name for f in stage.iterdir()] == ["bank"]
    assert kept(tmp_path) == 16
    assert stale(stage.parent) == [], "there is nothing more to remove"


def test_a_stage_without_completions_is_gone(tmp_path):
    stage = stage_in(tmp_path)
    (stage / "log.txt").write_text("hm")
    (found,) = stale(stage.parent)
    assert remove([found]) == found.size == 2
    assert not stage.exists()


def test_a_damaged_log_is_no_hindrance(tmp_path):
    stage = stage_in(tmp_path)
    folder = attempt_folder(stage, LEFT, "w")
    folder.mkdir(parents=True)
    (folder / LOG).write_bytes(b"?" * 100 + framed(entry("p/4")) + framed(entry("p/5"))[:-1])
    empty(stage)
    assert kept(tmp_path) == 1
