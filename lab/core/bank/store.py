"""A store of completions: what was generated once is never generated again.

One SQLite file (write-ahead log) maps a 16-byte key to a completion. The key consists of the engine's
identity (weights digest, dtype, kind and version), the problem's id, the rendered prompt tokens, and the
sampling settings with the seed. Equal samples are therefore shared by strategies, stages and runs, and an
interrupted run continues where it stopped. Committed entries survive `kill -9`. Values contain plain JSON and
numbers, never code. Memory does not grow with the number of entries.

Every entry has a checksum over its key, owner and value. A damaged entry is treated as absent and counted. If
SQLite reports a damaged file, the file is kept and all intact entries are copied to a new one
(`lab.core.bank.repair`). A bank with another schema is migrated or refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lab.core.bank import repair as bank_repair
from lab.core.bank import schema as bank_schema
from lab.core.bank.entry import Entry, checksum, entry_of, read, rounded
from lab.core.bank.samples import Asked, Banked, Stored, asked_by, first_giving
from lab.core.types import Completion
from lab.errors import BankError

_PAGES_BEFORE_CHECKPOINT = 16_384
_CACHE_KIB = 16_384
_PUT = "INSERT OR REPLACE INTO completions (key, owner, value, checksum) VALUES (?, ?, ?, ?)"
_GET = "SELECT owner, value, checksum FROM completions WHERE key = ?"
T = TypeVar("T")


class Bank:
    """The store; ":memory:" keeps it in memory (for tests). Safe for several processes on one machine.

    `tell` receives each message for the user: what was damaged or migrated. This class and all its methods
    raise BankError if the file cannot be opened, read or written, is locked by another process, or is not a
    bank that this version can read.
    """

    def __init__(self, path: Path | str, *, tell: Callable[[str], None] = lambda text: None) -> None:
        self._path, self._tell = path, tell
        self.damaged = 0
        """The number of damaged entries found so far; each is treated as absent."""
        self.former = False
        """Whether there may be completions under older keys, which do not include the problem and the
        version.
        """
        self._used_former = 0
        self._uncommitted: list[Entry] = []
        self._db: sqlite3.Connection | None = None
        self._use = bank_repair.Use(path)
        try:
            self._guarded(self._open)
        except BaseException:
            self._use.close()
            raise

    def get(
        self,
        key: bytes,
        *,
        problem: str = "",
        logprobs: bool = False,
        certainty: bool = False,
        former: bytes | None = None,
    ) -> Banked | None:
        """See `CompletionStore`. The key is enough for this bank, whatever the `problem`."""
        found = first_giving(self._stored(key), logprobs, certainty)
        if found is None and former is not None and self.former:
            found = first_giving(self._stored(former), logprobs, certainty)
            self._used_former += found is not None
        return found

    def asked(self, key: bytes, *, problem: str = "") -> Asked:
        """See `CompletionStore`."""
        return asked_by(self._stored(key))

    def _stored(self, key: bytes) -> list[Stored]:
        """The entry under this key, or none."""
        row = self._row(key)
        if row is None:
            return []
        completion, certainty, logprobs = read(row[1])
        return [Stored(completion, row[0], certainty, logprobs)]

    def _row(self, key: bytes) -> tuple[str, bytes] | None:
        """Owner and value of an intact entry."""
        row = self._guarded(lambda: self._connection.execute(_GET, (key,)).fetchone())
        if row is None:
            return None
        owner, blob, stored = row
        if stored != checksum(key, owner, blob):
            self.damaged += 1
            return None
        return owner, blob

    def put(
        self,
        key: bytes,
        completion: Completion,
        owner: str,
        *,
        certainty: bool = False,
        logprobs: bool = False,
    ) -> Completion:
        """Stores a completion in the open transaction; see `CompletionStore` and `commit`."""
        entry = entry_of(key, completion, owner, certainty, logprobs)
        self._uncommitted.append(entry)
        self._guarded(lambda: self._write(entry))
        return rounded(completion)

    def commit(self) -> None:
        """Commits all `put` calls so far."""
        if self._db is not None and self._db.in_transaction:
            self._guarded(self._commit)
        self._uncommitted.clear()

    def close(self) -> None:
        """Commits, closes the file, and reports damaged entries. It can be called more than once."""
        try:
            if self._uncommitted:
                self.commit()
        finally:
            self._shut()
            self._use.close()
            self._report()

    def _report(self) -> None:
        if self.damaged:
            self._tell(
                f"{self._path}: {self.damaged:,} damaged entries were ignored; those "
                "completions were generated again"
            )
        if self._used_former:
            self._tell(
                f"{self._path}: {self._used_former:,} completions that this run used were stored by an older "
                "version of the lab. Move the file away to have them generated again"
            )
        self.damaged = self._used_former = 0

    def _write(self, entry: Entry) -> None:
        db = self._connection
        if not db.in_transaction:
            db.execute("BEGIN")
        db.execute(_PUT, entry)

    def _commit(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise BankError(f"the bank {self._path} is closed")
        return self._db

    def _open(self) -> None:
        self._shut()
        db = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        db.text_factory = lambda text: text.decode(errors="replace")  # damage is detected by the checksum
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute(f"PRAGMA wal_autocheckpoint={_PAGES_BEFORE_CHECKPOINT}")
            db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            bank_schema.prepare(db, self._path, self._tell)
            self.former = bank_schema.keys_of(db) == bank_schema.FORMER
        except BaseException:
            db.close()
            raise
        self._db = db

    def _shut(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None

    def _guarded(self, act: Callable[[], T]) -> T:
        """Runs `act`; if SQLite reports a damaged file, repairs it and runs `act` again. Raises BankError."""
        try:
            return act()
        except sqlite3.Error as error:
            if not bank_repair.is_damage(error) or self._path == ":memory:":
                raise bank_repair.explained(error, self._path) from error
        try:
            self._repair()
            return act()
        except sqlite3.Error as error:
            raise bank_repair.explained(error, self._path) from error

    def _repair(self) -> None:
        """Replaces the damaged file and continues with its intact entries and those not yet committed."""
        self._shut()
        with self._use.alone():
            self._tell(bank_repair.repair(Path(self._path)))
        self._open()
        for entry in self._uncommitted:
            self._write(entry)
