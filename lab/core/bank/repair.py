"""Repairs a bank that SQLite reports as damaged: intact entries go into a new file, the old file is kept.

Rows are read one by one from the table, past pages that cannot be read, and are kept if their checksum
matches. The old file is renamed to `bank.sqlite.damaged-<time>`; nothing is deleted. Every user of a bank
holds a shared lock on `.bank.sqlite.lock`. A repair takes an exclusive lock, so no other process writes into
a file that is being replaced.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lab.core.bank import schema as bank_schema
from lab.core.bank.entry import Entry, checksum, decode
from lab.errors import BankError
from lab.system.files import private_folder

_GIVE_UP = 20_000
"""If the last row number is unknown, the search ends after this many consecutive row numbers without a row.
"""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether this error means a damaged file (and not a full disk, a lock or missing permissions)."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def explained(error: sqlite3.Error, path: Path | str) -> BankError | OSError:
    """The error that a person sees. A full disk is reported as such."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return OSError(28, "No space left on device", str(path))
    if code == sqlite3.SQLITE_BUSY:
        return BankError(
            f"{path} has been locked by another process for a minute. Stop that process, "
            "then run the same command again"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return BankError(f"{path} cannot be opened for writing ({error}). Make it writable or move it away")
    if code == sqlite3.SQLITE_IOERR:
        return BankError(f"{path} cannot be read or written ({error}). Check the disk and your disk quota")
    return BankError(
        f"{path} cannot be used (SQLite: '{error}'). Move it away; the completions stored in it will "
        "be generated again"
    )


class Use:
    """The shared lock that a user of a bank holds on the file next to it; no lock for a bank in memory."""

    def __init__(self, path: Path | str) -> None:
        self._handle = -1
        if path == ":memory:":
            return
        path = Path(path)
        try:
            private_folder(path.parent)
            self._handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's other files take its mode
            fcntl.flock(self._handle, fcntl.LOCK_SH)
        except OSError as error:
            self.close()
            if error.errno in (28, 122):
                raise
            raise BankError(
                f"{path} cannot be opened for writing ({error.strerror}). Make it writable or move it away"
            ) from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Takes the exclusive lock. Raises BankError if another process has the bank open."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BankError(
                "the bank is damaged, and another run is using it. Wait until that run has ended, "
                "then run the same command again: it moves the damaged file aside and keeps all "
                "intact entries"
            ) from None
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def close(self) -> None:
        """Releases the lock."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1


def repair(path: Path) -> str:
    """Replaces the damaged bank at `path` by one with its intact entries. Returns a message for the user."""
    fresh = path.with_name(f".{path.name}.recovered")
    for name in (fresh, _beside(fresh, "-wal"), _beside(fresh, "-shm")):
        name.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600))
    kept = _copy(path, fresh)
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            _beside(path, end).rename(_beside(aside, end))
    fresh.rename(path)
    return (
        f"{path} was damaged: its {kept:,} intact entries were copied to a new file, and the others "
        f"will be generated again. The old file is {aside}"
    )


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _copy(damaged: Path, fresh: Path) -> int:
    """Copies all entries that can be read and match their checksum. Returns how many."""
    new = sqlite3.connect(fresh, isolation_level=None)
    try:
        bank_schema.prepare(new, fresh, lambda text: None)
        new.execute("BEGIN")
        kept = 0
        for row in _rows(damaged):
            kept += new.execute("INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?)", row).rowcount
        bank_schema.set_keys(new, _keys(damaged) if kept else bank_schema.NAMED)
        new.execute("COMMIT")
        return kept
    finally:
        new.close()


def _keys(damaged: Path) -> int:
    """Which kind of keys a damaged file has; the older kind if that cannot be read."""
    with suppress(sqlite3.Error):
        old = sqlite3.connect(damaged, isolation_level=None)
        try:
            return bank_schema.keys_of(old) or bank_schema.FORMER
        finally:
            old.close()
    return bank_schema.FORMER


def _rows(damaged: Path) -> Iterator[Entry]:
    """The intact entries of a damaged file; none if not even its tables can be read."""
    try:
        old = sqlite3.connect(damaged, isolation_level=None)
        old.text_factory = lambda text: text.decode(errors="replace")
        old.execute("PRAGMA writable_schema=ON")  # without it a truncated file cannot be read at all
        try:
            yield from _whole(old)
        finally:
            old.close()
    except sqlite3.Error:
        return


def _whole(old: sqlite3.Connection) -> Iterator[Entry]:
    """Reads the table by row number. After a row that cannot be read, continues after the last one that
    could.
    """
    version = int(old.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, bank_schema.VERSION):
        raise BankError(
            f"the damaged bank has version {version}, which this lab cannot read; {bank_schema.MOVE}"
        )
    columns = "rowid, key, owner, value" + (", checksum" if version else "")
    at, failed, last = -1, 0, _last(old)
    while at <= last and failed < _GIVE_UP:
        try:
            for number, *entry in old.execute(f"SELECT {columns} FROM completions WHERE rowid > ?", (at,)):
                if _holds(*entry):
                    at, failed = number, 0
                    yield _checked(entry)
            return
        except sqlite3.DatabaseError:
            at, failed = at + 1, failed + 1
        with suppress(sqlite3.DatabaseError):  # the row before a damaged page is read, but not returned
            alone = old.execute(f"SELECT {columns} FROM completions WHERE rowid = ?", (at,)).fetchone()
            if alone and _holds(*alone[1:]):
                failed = 0
                yield _checked(alone[1:])


def _checked(entry: Sequence[Any]) -> Entry:
    key, owner, value = entry[:3]
    return key, owner, value, checksum(key, owner, value)


def _holds(key: Any, owner: Any, value: Any, *stored: Any) -> bool:
    """Whether an entry is intact. An entry from before checksums is intact if it can be decoded."""
    own = checksum(key, owner, value) if isinstance(key, bytes) else b""
    return bool(own) and decode(value) is not None and stored in ((), (own,))


def _last(old: sqlite3.Connection) -> int:
    try:
        return int(old.execute("SELECT max(rowid) FROM completions").fetchone()[0] or 0)
    except sqlite3.DatabaseError:
        return 1 << 62
