"""The SQLite bank of the same computer, which a worker may read besides its own.

It is only read, and only on a local disk: with a network file system, its writer may be on another computer,
where SQLite's locks do not reach. If anything is wrong with it, the worker goes on without it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from lab.core.bank import schema as bank_schema
from lab.core.bank.cluster.committed import stored_of
from lab.core.bank.entry import checksum
from lab.core.bank.samples import Stored
from lab.system.mounts import is_local

_GET = "SELECT owner, value, checksum FROM completions WHERE key = ?"


class BesideBank:
    """Reads the bank at `path`; has no entries if there is none, or if it cannot be used here.

    `tell` receives a message if it fails.
    """

    def __init__(self, path: Path | None, tell: Callable[[str], None]) -> None:
        self._path, self._tell = path, tell
        self.damaged = 0
        self.former = False
        """Whether it may have completions under older keys."""
        self._db: sqlite3.Connection | None = None
        if path is not None and path.is_file() and is_local(path):
            self._open(path)

    def _open(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
            self._db.text_factory = lambda text: text.decode(errors="replace")
            if int(self._db.execute("PRAGMA user_version").fetchone()[0]) != bank_schema.VERSION:
                self.close()
                return
            self.former = bank_schema.keys_of(self._db) == bank_schema.FORMER
        except sqlite3.Error as error:
            self._give_up(error)

    def find(self, key: bytes) -> list[Stored]:
        """The completion under this key, or none."""
        if self._db is None:
            return []
        try:
            row = self._db.execute(_GET, (key,)).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return []
        if row is None:
            return []
        owner, value, stored = row
        good = checksum(key, owner, value) == stored
        found = stored_of((key, owner, value, stored)) if good else None
        self.damaged += found is None
        return [found] if found else []

    def close(self) -> None:
        """Closes the file. It can be called more than once."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _give_up(self, error: sqlite3.Error) -> None:
        self._tell(f"{self._path} cannot be read ({error}); the completions in it are not used")
        self.close()
