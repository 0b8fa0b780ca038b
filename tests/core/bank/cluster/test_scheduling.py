"""The scheduler writes the same ledger with every bank, also after an interruption and for a later stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from banks import stage_in
from scripted import ScriptedEngine

from lab.core.bank.cluster.layered import open_bank
from lab.core.bank.cluster.places import attempt_folder
from lab.core.bank.cluster.settled import settle
from lab.core.bank.cluster.worker_bank import ShardBank
from lab.core.bank.samples import CompletionStore
from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.scheduling.scheduler import Job, run_plans
from lab.core.shards import Shard
from lab.core.types import Plan, Request, Sampling
from lab.errors import EngineError
from lab.formats.ledger import LedgerWriter

WHOLE = Shard(0, 6)


def ask(text: str, index: int, logprobs: bool) -> Request:
    return Request(({"role": "user", "content": text},), Sampling(logprobs=logprobs), tag="x", index=index)


def two_turns(text: str, n: int, logprobs: bool) -> Plan[str]:
    drawn = yield [ask(text, i, logprobs) for i in range(n)]
    checked = yield [ask(text + c.text + "ok?", 0, False) for c in drawn]
    return "|".join(c.text for c in checked)


def jobs(shard: Shard) -> Iterator[Job[str]]:
    for p in range(shard.start, shard.end):
        yield Job(f"p{p}", "few", two_turns(f"q{p}", 2, False))
        yield Job(f"p{p}", "more", two_turns(f"q{p}", 4, True))


def engine(dies_after: int = -1) -> ScriptedEngine:
    left = [dies_after]

    def script(request: Request) -> str:
        left[0] -= 1
        if left[0] == -1:
            raise EngineError("the engine died")
        return f"a{(request.sampling.seed or 0) % 97}"

    return ScriptedEngine(script, shuffle=1)


def run(bank: CompletionStore, stage: Path, shard: Shard, flops: FlopsModel, dies_after: int = -1) -> int:
    """Runs a shard; its ledger is as if all were one. Returns how many requests the engine got."""
    used = engine(dies_after)
    with LedgerWriter(stage / f"{shard}.parquet", run=stage.parent.name, stage="s", model="m") as ledger:
        list(run_plans(jobs(shard), used, bank=bank, ledger=ledger, flops=flops, run_seed=0))
    return len(used.submitted)


def rows(stage: Path) -> list[dict[str, object]]:
    found = [row for path in sorted(stage.glob("0*.parquet")) for row in pq.read_table(path).to_pylist()]
    return [{**row, "run": ""} for row in found]


def on_cluster(stage: Path, size: int, flops: FlopsModel, worker: str = "w", dies_after: int = -1) -> int:
    bank, submitted = ShardBank(stage), 0
    for start in range(0, WHOLE.end, size):
        shard = Shard(start, min(start + size, WHOLE.end))
        problems = [f"p{p}" for p in range(shard.start, shard.end)]
        bank.open_shard(shard, problems, attempt_folder(stage, shard, worker))
        submitted += run(bank, stage, shard, flops, dies_after)
        bank.finish_shard(shard)
    bank.close()
    return submitted


@pytest.fixture
def expected(tmp_path: Path, flops: FlopsModel) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The ledgers of two runs, one after the other, with the bank of one process."""
    first, second = stage_in(tmp_path / "lite", run="one"), stage_in(tmp_path / "lite", run="two")
    bank = Bank(tmp_path / "lite" / "bank.sqlite")
    run(bank, first, WHOLE, flops)
    assert run(bank, second, WHOLE, flops) == 0
    bank.close()
    return rows(first), rows(second)


@pytest.mark.parametrize("size", [1, 4, 64])
def test_the_ledger_is_that_of_one_process(tmp_path, flops, expected, size):
    first, second = stage_in(tmp_path, run="one"), stage_in(tmp_path, run="two")
    assert on_cluster(first, size, flops) > 0
    assert rows(first) == expected[0]
    settle(first)
    assert on_cluster(second, 3, flops) == 0, "all come from the earlier stage"
    assert rows(second) == expected[1]


@pytest.mark.parametrize("dies_after", [1, 9, 20])
def test_a_worker_that_died_costs_no_more_than_a_process_that_died(tmp_path, flops, expected, dies_after):
    lite, alone, stage = Bank(":memory:"), stage_in(tmp_path, run="alone"), stage_in(tmp_path, run="one")
    for interrupted in (
        lambda: run(lite, alone, WHOLE, flops, dies_after),
        lambda: on_cluster(stage, 64, flops, "dead", dies_after),
    ):
        with pytest.raises(EngineError):
            interrupted()
    assert on_cluster(stage, 64, flops, "alive") == run(lite, alone, WHOLE, flops)
    assert rows(stage) == rows(alone) == expected[0]


def test_one_process_and_a_cluster_serve_each_other(tmp_path, flops, expected):
    first, second, third = (stage_in(tmp_path, run=name) for name in ("one", "two", "three"))
    on_cluster(first, 4, flops)
    settle(first)
    alone = open_bank(tmp_path / "bank.sqlite", second)
    assert run(alone, second, WHOLE, flops) == 0
    alone.close()
    assert rows(second) == expected[1]
    lite = Bank(tmp_path / "lite" / "bank.sqlite")
    beside = ShardBank(third, beside=tmp_path / "lite" / "bank.sqlite")
    beside._catalogue._indexes.clear()
    beside.open_shard(WHOLE, [f"p{p}" for p in range(6)], attempt_folder(third, WHOLE, "w"))
    assert run(beside, third, WHOLE, flops) == 0
    beside.close()
    lite.close()
    assert rows(third) == expected[1]
