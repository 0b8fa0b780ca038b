"""Files that are complete or absent, digests of values, and checks whether files have changed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any


def write_atomic(path: Path, data: str | bytes) -> None:
    """Writes to a temporary name in the same folder, flushes to disk, and renames."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def atomic_path(path: Path, *, first: bool = False) -> Iterator[Path]:
    """A temporary path that becomes `path` if the block ends normally, and is removed otherwise.

    With `first`, a file that is there already stays, also if another process has made it meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        if first:
            _link(temporary, path)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    """Gives a file a further name, unless another file has it."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            temporary.replace(path)


@contextmanager
def kept_if_closed() -> Iterator[ExitStack]:
    """A stack for files that are complete or absent: they are kept if the block closes the stack, and
    discarded if it ends without, normally or not.
    """

    class Unclosed(Exception):
        """Tells the files to go."""

    closed = False

    def closing() -> None:
        nonlocal closed
        closed = True

    with suppress(Unclosed), ExitStack() as files:
        files.callback(closing)
        yield files
        if not closed:
            raise Unclosed


def private_folder(path: Path) -> None:
    """Makes a folder, and missing folders above it, that only its owner can read; an existing one is not
    changed.
    """
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises OSError, and ValueError for text that is not JSON or nests too
    deep.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def digest_of(value: Any) -> str:
    """SHA-256 (hex) of a JSON-able value."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes; an active `Watch` records the file."""
    watch_file(path)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


State = tuple[int, int, int]
"""Size in bytes, time of the last change in nanoseconds, inode."""


def state_of(path: Path) -> State:
    """What changes when a file is written or replaced. Raises OSError."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


class Watch:
    """Records the state of files at the time when their digests are computed."""

    def __init__(self) -> None:
        self.seen: dict[Path, State] = {}

    @contextmanager
    def on(self) -> Iterator[None]:
        """Records the files that are digested in this block."""
        token = _WATCH.set(self)
        try:
            yield
        finally:
            _WATCH.reset(token)

    def changed(self) -> Path | None:
        """A recorded file that was written, replaced or removed since; None if there is none."""
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
    """Within this block no `Watch` records digested files: for files that will be renamed."""
    token = _WATCH.set(None)
    try:
        yield
    finally:
        _WATCH.reset(token)


def watch_file(path: Path) -> None:
    """Makes the active `Watch`, if any, record the current state of this file."""
    if (watch := _WATCH.get()) is not None and (path := path.absolute()) not in watch.seen:
        watch.seen[path] = state_of(path)
