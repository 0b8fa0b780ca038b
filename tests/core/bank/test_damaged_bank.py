"""A bank that was damaged, is old, foreign or locked: never a wrong completion, never a loss in silence.

Each case is a copy of one small bank, damaged in its own way; then every entry is asked for again. What comes
back is what was put in, or nothing (it will be drawn again), or one error that names the file.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.core.bank.samples import Banked
from lab.core.bank.store import Bank
from lab.core.types import Completion, Usage
from lab.errors import BankError

COUNT = 900


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def completion(number: int) -> Completion:
    text = f"The answer is {number}. " * 3
    return Completion(text, "stop", Usage(9, 0, 20), (-0.5,) * 20, tuple(range(number, number + 20)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("bank") / "bank.sqlite"
    bank = Bank(path)
    filled(bank)
    bank.close()
    return path


def asked_for_all(bank: Bank) -> dict[int, Banked | None]:
    return {number: bank.get(key(number)) for number in range(COUNT)}


def filled(bank: Bank) -> None:
    for number in range(COUNT):
        bank.put(key(number), completion(number), f"run/stage/{number}")


def pages(seed: int, count: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        rng, data = random.Random(seed), bytearray(path.read_bytes())
        for _ in range(count):
            at = rng.randrange(2, len(data) // 4096) * 4096
            data[at : at + 4096] = rng.randbytes(4096)
        path.write_bytes(data)

    return damage


def bits(seed: int, count: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        rng, data = random.Random(seed), bytearray(path.read_bytes())
        for _ in range(count):
            data[rng.randrange(8192, len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)

    return damage


def cut(share: float) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, int(path.stat().st_size * share))


def sql(*statements: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with sqlite3.connect(path) as db:
            for statement in statements:
                db.execute(statement)
        db.close()

    return damage


def header(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(100) + path.read_bytes()[100:])


def foreign_wal(path: Path) -> None:
    path.with_name(path.name + "-wal").write_bytes(random.Random(1).randbytes(100_000))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


AGAIN = "create table completions(key blob not null unique, owner text not null, value blob not null"
KEEP = ("create table t as select * from completions", "drop table completions")
TENTH = "where rowid % 10 = 0"
CASES: dict[str, tuple[Callable[[Path], None], int]] = {
    "not touched": (lambda path: None, COUNT),
    "its header is garbage": (header, 0),
    "it is empty": (cut(0), 0),
    "half of it": (cut(0.5), 300),
    "its end is cut off": (cut(0.99), 800),
    "one page of garbage": (pages(1, 1), 800),
    "five pages of garbage": (pages(2, 5), 700),
    "twenty pages of garbage": (pages(3, 20), 300),
    "five bits": (bits(1, 5), 800),
    "fifty bits": (bits(2, 50), 700),
    "five hundred bits": (bits(3, 500), 100),
    "a tenth of the values one byte": (sql(f"update completions set value = x'00' {TENTH}"), 810),
    "a tenth of the values empty": (sql(f"update completions set value = x'' {TENTH}"), 810),
    "a tenth of the values shorter": (
        sql(f"update completions set value = substr(value, 1, length(value) - 5) {TENTH}"),
        810,
    ),
    "a tenth of the values text": (sql(f"update completions set value = 'hello' {TENTH}"), 810),
    "a tenth of another length": (
        sql(f"update completions set value = x'ffffff7f' || substr(value, 5) {TENTH}"),
        810,
    ),
    "a tenth with another's value": (
        sql(f"update completions set value = (select value from completions where rowid = 1) {TENTH}"),
        810,
    ),
    "one with another's key": (
        sql("delete from completions where rowid = 11",
            "update completions set key = x'0000000000000000000000000000000a' where rowid = 1"),
        COUNT - 2,
    ),
    "other owners": (sql(f"update completions set owner = 'x' {TENTH}"), 810),
    "a newer version": (sql("pragma user_version = 3"), -1),
    "a schema without owners": (
        sql(*KEEP, "create table completions(key blob not null unique, value blob not null)",
            "insert into completions select key, value from t", "pragma user_version = 0"),
        -1,
    ),
    "a column more": (sql("alter table completions add column extra text"), -1),
    "no constraint": (sql(*KEEP, "alter table t rename to completions"), -1),
    "another program's file": (
        sql("drop table completions", "create table cookies(a)", "pragma user_version = 0"),
        -1,
    ),
    "an old bank": (
        sql(*KEEP, AGAIN + ")", "insert into completions select key, owner, value from t", "drop table t",
            "pragma user_version = 0"),
        COUNT,
    ),
    "an old bank with damage": (
        sql(*KEEP, AGAIN + ")", "insert into completions select key, owner, value from t", "drop table t",
            "pragma user_version = 0", f"update completions set value = substr(value, 2) {TENTH}"),
        810,
    ),
    "a foreign log beside it": (foreign_wal, COUNT),
    "a folder": (folder, -1),
    "a link to itself": (loop, -1),
}  # fmt: skip
"""What happens to the file, and how many entries are to be found at least; -1: it is refused."""


@pytest.mark.parametrize("name", CASES)
def test_never_a_wrong_completion_and_never_a_silent_loss(whole: Path, tmp_path: Path, name: str) -> None:
    damage, least = CASES[name]
    path, told = tmp_path / "bank.sqlite", list[str]()
    shutil.copy(whole, path)
    damage(path)
    if least < 0:
        with pytest.raises(BankError, match=r"bank\.sqlite") as caught:
            Bank(path)
        assert "Traceback" not in str(caught.value)
        return
    bank = Bank(path, tell=told.append)
    found = asked_for_all(bank)
    for number in range(COUNT):
        if found[number] is None:
            bank.put(key(number), completion(number), f"run/stage/{number}")
    bank.close()
    kept = {number: banked for number, banked in found.items() if banked}
    assert all(banked.completion == completion(number) for number, banked in kept.items())
    assert all(banked.owner == f"run/stage/{number}" for number, banked in kept.items())
    assert len(kept) >= least
    again = Bank(path)
    back = {number: banked for number, banked in asked_for_all(again).items() if banked}
    assert all(banked.completion == completion(number) for number, banked in back.items())
    assert len(back) >= COUNT - 9, "but for those that only the damaged index could still name"
    again.close()
    aside = [p for p in tmp_path.glob("bank.sqlite.damaged-*") if p.suffix not in ("-wal", "-shm")]
    if len(kept) < COUNT and name != "it is empty":
        assert told, "a loss is told"
        assert aside or "damaged entries" in " ".join(told)


def test_a_locked_bank_is_one_message(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bank.sqlite"
    shutil.copy(whole, path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda file, timeout, **more: connect(file, timeout=0.1, **more))
    bank = Bank(path)
    assert bank.get(key(3)) is not None
    with pytest.raises(BankError, match="locked by another process"):
        bank.put(b"new" + bytes(13), completion(1), "me")
    bank.close()
    other.close()


def test_a_damaged_bank_that_others_use_is_not_replaced(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite"
    shutil.copy(whole, path)
    other = Bank(path)
    pages(3, 20)(path)
    mine = Bank(path)
    with pytest.raises(BankError, match="another run is using it"):
        asked_for_all(mine)
    assert not list(tmp_path.glob("*.damaged-*"))
    other.close()
    mine.close()


def test_a_full_disk_is_told_as_one(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "bank.sqlite")
    bank.put(key(0), completion(0), "me")
    bank.commit()
    pages_now = bank._connection.execute("PRAGMA page_count").fetchone()[0]
    bank._connection.execute(f"PRAGMA max_page_count = {pages_now}")
    with pytest.raises(OSError, match="No space left") as caught:
        filled(bank)
    assert caught.value.errno == errno.ENOSPC
    bank.commit()
    bank.close()


@pytest.mark.parametrize(
    "wrong",
    [
        Completion("", "stop", Usage(-1, 0, 1)),
        Completion("", "stop", Usage(1, 0, 10**25)),
        Completion("", "stop", Usage(1, 0, 1), token_ids=(1 << 40,)),
        Completion("", "stop", Usage(1, 0, 1), token_ids=(-5,)),
        Completion("", "stop", Usage(1, 0, 1), seconds=float("nan")),
        Completion("", "stop", Usage(1.5, 0, 1)),  # type: ignore[arg-type]
    ],
)
def test_numbers_that_cannot_be_are_not_stored(wrong: Completion) -> None:
    with pytest.raises(BankError, match="out of range"):
        Bank(":memory:").put(key(0), wrong, "me")


def test_a_number_that_cannot_be_in_an_old_bank_is_dropped(whole: Path, tmp_path: Path) -> None:
    """As a version before checksums stored it from a hostile server's reply."""
    path, told = tmp_path / "bank.sqlite", list[str]()
    shutil.copy(whole, path)
    CASES["an old bank"][0](path)
    with sqlite3.connect(path) as db:
        (blob,) = db.execute("SELECT value FROM completions WHERE key = ?", (key(5),)).fetchone()
        worse = blob.replace(b"[9, 0, 20,", b"[9, 0, -9,")
        assert worse != blob
        db.execute("UPDATE completions SET value = ? WHERE key = ?", (worse, key(5)))
    db.close()
    bank = Bank(path, tell=told.append)
    assert bank.get(key(5)) is None
    assert bank.get(key(6)) is not None
    assert "1 damaged entries" in told[-1]
    bank.close()


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "bank.sqlite")
    bank.put(key(0), completion(0), "me")
    bank.commit()
    modes = {p.name: p.stat().st_mode & 0o077 for p in tmp_path.iterdir()}
    bank.close()
    assert set(modes.values()) == {0}, modes
