"""Files that are whole or absent, digests of values, and whether files are still what they were."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any


def write_atomic(path: Path, data: str | bytes) -> None:
    """Write through a temporary name in the same folder, flush to disk, rename."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends well, and is removed when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def private_folder(path: Path) -> None:
    """Make a folder, with those above it that are missing, for its owner alone; one that is there stays."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises OSError, and ValueError for text that is none or nests too deep."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def digest_of(value: Any) -> str:
    """SHA-256 (hex) of a JSON-able value."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes; a `Watch` that is on remembers the file."""
    watch_file(path)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


State = tuple[int, int, int]
"""Size in bytes, time of the last change in nanoseconds, inode."""


def state_of(path: Path) -> State:
    """What changes when a file is written or replaced; raises OSError."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


class Watch:
    """The files whose digests were taken while it was on, each as it was just before."""

    def __init__(self) -> None:
        self.seen: dict[Path, State] = {}

    @contextmanager
    def on(self) -> Iterator[None]:
        """Remember the files digested in this block."""
        token = _WATCH.set(self)
        try:
            yield
        finally:
            _WATCH.reset(token)

    def changed(self) -> Path | None:
        """A file that was written, replaced or removed since; None if there is none."""
        for path, state in self.seen.items():
            try:
                if state_of(path) != state:
                    return path
            except OSError:
                return path
        return None


_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def unwatched() -> Iterator[None]:
    """No `Watch` remembers what is digested in this block: files that get another name afterwards."""
    token = _WATCH.set(None)
    try:
        yield
    finally:
        _WATCH.reset(token)


def watch_file(path: Path) -> None:
    """Have the `Watch` that is on, if any, remember how this file is now."""
    if (watch := _WATCH.get()) is not None and (path := path.absolute()) not in watch.seen:
        watch.seen[path] = state_of(path)
