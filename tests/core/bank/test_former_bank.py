"""A bank that an older version of the lab wrote (tests/cases/former_bank.sqlite): found again, and said so.

Its keys name neither the problem nor the version of what drew a sample. It was made by `write` below, run
with the lab of commit 909e4b6.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from lab.core.bank import schema as bank_schema
from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.scheduling.scheduler import Job, run_plans
from lab.core.types import Plan, Request, Sampling
from lab.engine.fake.engine import FakeEngine
from lab.formats.ledger import LedgerWriter

FORMER = Path(__file__).parents[2] / "cases" / "former_bank.sqlite"
FLOPS = FlopsModel(linear=1000, head=100, attention=8, full=2)
PROBLEMS, SAMPLES = 3, 4
STORED = PROBLEMS * (SAMPLES + 1)


class Versioned(FakeEngine):
    """An engine that now says its version."""

    def __init__(self, version: str = "2") -> None:
        super().__init__(identity="fake:former")
        self.former_identity, self.identity = self.identity, f"fake:former:version-{version}"
        self.submitted = 0

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        self.submitted += 1
        super().submit(id, request, prompt)


def plan(number: int, samples: int) -> Plan[list[str]]:
    """Some samples, then a word about the first."""
    asked = {"role": "user", "content": f"How many keys are {number} keys?"}
    sampling = Sampling(temperature=0.8, max_tokens=24, logprobs=True)
    drawn = yield [Request((asked,), sampling, index=i) for i in range(samples)]  # type: ignore[arg-type]
    turns = ({"role": "assistant", "content": drawn[0].text}, {"role": "user", "content": "Right?"})
    word = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=("Yes", "No"))
    (said,) = yield [Request((asked, *turns), word, "verifier")]  # type: ignore[arg-type]
    return [*(c.text for c in drawn), said.text]


def write(bank: Bank, engine: FakeEngine, folder: Path, samples: int = SAMPLES) -> list[list[str] | None]:
    """What each problem's plan came to."""
    jobs = [Job(f"keys/{i}", "x", plan(i, samples)) for i in range(PROBLEMS)]
    with LedgerWriter(folder / "ledger.parquet", run="r", stage="s", model="m") as ledger:
        return [o.result for o in run_plans(jobs, engine, bank=bank, ledger=ledger, flops=FLOPS, run_seed=5)]


@pytest.fixture
def former(tmp_path: Path) -> Path:
    return Path(shutil.copy(FORMER, tmp_path / "bank.sqlite"))


def count(path: Path) -> int:
    with sqlite3.connect(path) as db:
        return int(db.execute("SELECT count(*) FROM completions").fetchone()[0])


def test_what_it_holds_is_read_and_said(former: Path, tmp_path: Path) -> None:
    told: list[str] = []
    bank, engine = Bank(former, tell=told.append), Versioned()
    found = write(bank, engine, tmp_path)
    bank.close()
    assert engine.submitted == 0
    assert found == write(Bank(":memory:"), FakeEngine(identity="fake:former"), tmp_path)
    assert f"has {STORED} completions that an older version of the lab stored" in told[0]
    assert f"{STORED} completions that this run used were stored by an older version" in told[1]
    assert len(told) == 2


def test_what_it_lacks_is_stored_under_a_name_that_tells_the_version(former: Path, tmp_path: Path) -> None:
    bank, engine = Bank(former), Versioned()
    write(bank, engine, tmp_path, SAMPLES + 2)
    bank.close()
    assert engine.submitted == 2 * PROBLEMS
    assert count(former) == STORED + 2 * PROBLEMS
    other = Versioned("3")
    bank = Bank(former)
    write(bank, other, tmp_path, SAMPLES + 2)
    bank.close()
    assert other.submitted == 2 * PROBLEMS, "another version finds the former ones alone"


def test_it_is_said_in_every_run_that_uses_them_and_in_no_other(former: Path, tmp_path: Path) -> None:
    for run in range(2):
        told: list[str] = []
        bank = Bank(former, tell=told.append)
        write(bank, Versioned(), tmp_path)
        bank.close()
        assert len(told) == (2 if run == 0 else 1), "that it is an old one is said once"
        assert "that this run used" in told[-1]
    told = []
    bank = Bank(former, tell=told.append)
    write(bank, FakeEngine(identity="another"), tmp_path)
    bank.close()
    assert told == []


def test_a_new_bank_is_never_looked_up_by_a_former_name(tmp_path: Path) -> None:
    with sqlite3.connect(FORMER) as db:
        entries = db.execute("SELECT * FROM completions").fetchall()
    Bank(tmp_path / "new.sqlite").close()
    with sqlite3.connect(tmp_path / "new.sqlite") as db:
        assert bank_schema.keys_of(db) == bank_schema.NAMED
        db.executemany("INSERT INTO completions VALUES (?, ?, ?, ?)", entries)
    bank, engine = Bank(tmp_path / "new.sqlite"), Versioned()
    write(bank, engine, tmp_path)
    bank.close()
    assert engine.submitted == STORED
