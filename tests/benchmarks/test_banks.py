"""What a bank costs per completion: a worker's log and the files of finished shards, beside SQLite.

Entries are as of a small model: 200 characters, 50 tokens with log-probabilities. Commits are as often as an
engine's polls, after 16 completions. The limit for comparison: 50 tokens take about 80,000 microseconds on
two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from banks import key_of, opened, problems_of, stage_in

from lab.core.bank.cluster.catalogue import BankCatalogue
from lab.core.bank.cluster.layered import LayeredBank
from lab.core.bank.cluster.log import ShardLog
from lab.core.bank.cluster.places import attempt_folder
from lab.core.bank.cluster.settled import settle
from lab.core.bank.cluster.worker_bank import ShardBank
from lab.core.bank.entry import entry_of
from lab.core.bank.store import Bank
from lab.core.shards import Shard
from lab.core.types import Completion, Usage

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]
SAMPLES, SHARD, SHARDS = 16, 64, 20
DONE = Completion("word " * 40, "stop", Usage(99, 0, 50), (-0.5,) * 50, tuple(range(50)))
ALL = [problem for n in range(SHARDS) for problem in problems_of(Shard(n * SHARD, (n + 1) * SHARD))]
KEYS = {problem: [key_of(problem, sample) for sample in range(SAMPLES)] for problem in ALL}


def each(act: Callable[[], object], count: int = len(ALL) * SAMPLES) -> float:
    """Microseconds per entry."""
    start = time.perf_counter()
    act()
    return 1e6 * (time.perf_counter() - start) / count


def puts(bank: Bank | ShardBank, problems: Iterable[str], owner: str) -> None:
    for problem in problems:
        for key in KEYS[problem]:
            bank.put(key, DONE, f"{owner}/{problem}", logprobs=True)
        bank.commit()


def gets(bank: Bank | ShardBank | LayeredBank, problems: Iterable[str], found: bool = True) -> None:
    for problem in problems:
        for key in KEYS[problem]:
            assert (bank.get(key if found else key[::-1], problem=problem) is not None) == found


def test_microseconds_per_entry(tmp_path: Path) -> None:
    found: dict[str, float] = {}
    lite, stage, later = Bank(tmp_path / "bank.sqlite"), stage_in(tmp_path), stage_in(tmp_path, run="later")
    bank, shards = ShardBank(stage), [Shard(n * SHARD, (n + 1) * SHARD) for n in range(SHARDS)]
    entry = entry_of(KEYS[ALL[0]][0], DONE, "run/stage-0123456789ab/p/0", False, True)
    found["encode and checksum alone"] = each(
        lambda: [entry_of(entry[0], DONE, entry[1], False, True) for _ in range(10_000)], 10_000
    )
    log = ShardLog(tmp_path / "bank.log")
    found["log alone"] = each(lambda: [log.append(entry) and log.flush() for _ in range(10_000)], 10_000)
    found["SQLite: put"] = each(lambda: puts(lite, ALL, "run/stage-0123456789ab"))
    found["SQLite: get"] = each(lambda: gets(lite, ALL))
    for shard in shards:
        opened(bank, stage, shard)
    found["worker: put"] = each(lambda: puts(bank, ALL, "run/stage-0123456789ab"))
    found["worker: get"] = each(lambda: gets(bank, ALL))
    bank.commit()
    heir = ShardBank(stage)
    taken = [(shard, attempt_folder(stage, shard, "heir")) for shard in shards]
    found["take over a dead worker's log"] = each(
        lambda: [heir.open_shard(shard, problems_of(shard), folder) for shard, folder in taken]
    )
    heir.close()
    found["finish a shard"] = each(lambda: [bank.finish_shard(shard) for shard in shards])
    found["index"] = each(lambda: settle(stage))
    bank = ShardBank(later)
    found["open a shard of a later stage"] = each(lambda: [opened(bank, later, shard) for shard in shards])
    found["files: get"] = each(lambda: gets(bank, ALL))
    bank.close()
    alone = LayeredBank(Bank(":memory:"), BankCatalogue(tmp_path), print)
    found["one process, files: get"] = each(lambda: gets(alone, ALL))
    alone = LayeredBank(Bank(":memory:"), BankCatalogue(tmp_path), print)
    found["one process, files: other keys"] = each(lambda: gets(alone, ALL, found=False))
    for name, micros in found.items():
        print(f"{name:<34}{micros:8.1f} us")
    assert found["log alone"] <= 20
    assert found["worker: put"] <= found["SQLite: put"]
    assert found["files: get"] <= 2 * found["SQLite: get"]
