"""The bank's table and its version, and the migration of older banks.

SQLite's `user_version` is the version. 0: a new file, or a bank from before versions, without checksums; each
entry is read once and gets its checksum, or is removed and counted. 2: this version. A bank of a newer
version and a database with other tables are refused, because it is not known which samples they contain.

`application_id` says which keys the bank has. NAMED: all keys include the problem and the version of the
engine. FORMER: there are also older keys without them. Their completions are used if there are no newer ones,
and the user is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from lab.core.bank.entry import checksum, decode
from lab.errors import BankError

VERSION = 2
_COLUMNS = "key BLOB NOT NULL UNIQUE, owner TEXT NOT NULL, value BLOB NOT NULL"
TABLE = f"CREATE TABLE completions ({_COLUMNS}, checksum BLOB)"
_BEFORE = f"CREATE TABLE completions ({_COLUMNS})"
"""The table of version 0."""
FORMER, NAMED = 1, 2


def prepare(db: sqlite3.Connection, path: Path | str, tell: Callable[[str], None]) -> None:
    """Creates the table in a new file or migrates an old one. Raises BankError for a file that is not a
    bank.
    """
    if _is_current(db) and keys_of(db):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if not _is_current(db):
            _update(db, path, tell)
            db.execute(f"PRAGMA user_version={VERSION}")
        if not keys_of(db):
            _say_keys(db, path, tell)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def keys_of(db: sqlite3.Connection) -> int:
    """FORMER or NAMED; 0 if not yet set."""
    return int(db.execute("PRAGMA application_id").fetchone()[0])


def set_keys(db: sqlite3.Connection, keys: int) -> None:
    """Sets which keys the bank has."""
    db.execute(f"PRAGMA application_id={keys}")


def _say_keys(db: sqlite3.Connection, path: Path | str, tell: Callable[[str], None]) -> None:
    count = int(db.execute("SELECT count(*) FROM completions").fetchone()[0])
    set_keys(db, FORMER if count else NAMED)
    if count:
        tell(
            f"{path} has {count:,} completions that an older version of the lab stored without the "
            "versions of vLLM, transformers and torch. They are used where there are no newer ones, and the "
            "end of the run says how many. Move the file away to have all of them generated again"
        )


def _is_current(db: sqlite3.Connection) -> bool:
    return bool(_version(db) == VERSION and _tables(db) == {"completions": _plain(TABLE)})


def _update(db: sqlite3.Connection, path: Path | str, tell: Callable[[str], None]) -> None:
    version, tables = _version(db), _tables(db)
    if version == 0 and not tables:
        db.execute(TABLE)
        return
    if version > VERSION:
        raise BankError(
            f"{path} was written by a newer version of the lab (bank version {version}; this lab "
            f"reads up to {VERSION}); {MOVE}"
        )
    if version != 0 or tables != {"completions": _plain(_BEFORE)}:
        found = ", ".join(sorted(tables)) or "none"
        raise BankError(f"{path} is not a bank that this version can read (its tables: {found}); {MOVE}")
    tell(f"{path} was written before entries had checksums: every entry is now checked once")
    dropped = _add_checksums(db)
    if dropped:
        tell(f"{path}: {dropped:,} damaged entries were removed; those completions will be generated again")


def _add_checksums(db: sqlite3.Connection) -> int:
    """Adds a checksum to each readable entry and deletes the others. Returns how many were deleted."""

    def of(key: bytes, owner: str, value: bytes) -> bytes | None:
        good = isinstance(value, bytes) and isinstance(owner, str) and decode(value) is not None
        return checksum(key, owner, value) if good else None

    db.create_function("lab_checksum", 3, of)
    db.execute("ALTER TABLE completions ADD COLUMN checksum BLOB")
    db.execute("UPDATE completions SET checksum = lab_checksum(key, owner, value)")
    return db.execute("DELETE FROM completions WHERE checksum IS NULL").rowcount


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _tables(db: sqlite3.Connection) -> dict[str, str]:
    """Name -> SQL definition of every user-defined object in the file."""
    rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: _plain(sql) for name, sql in rows}


def _plain(sql: str) -> str:
    return "".join(sql.split()).lower()


MOVE = "move it away, or choose another folder with --runs"
