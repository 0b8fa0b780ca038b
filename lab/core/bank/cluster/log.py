"""An append-only file of completions with one writer, which any process can read at any time.

Each entry is a head of 44 bytes (mark, sizes, key, the entry's checksum, the head's own CRC-32), the owner
and the value. An entry that was cut off or changed fails a check; reading goes on at the next mark. The mark
cannot occur in an intact value: JSON is ASCII, and the highest byte of a token id is below 0x80.

`flush` hands the entries to the operating system, so they survive the process (`kill -9`), not the machine.
They are not forced to the disk: that would cost milliseconds per batch, and entries lost with a machine only
cost time. A finished shard's file is forced to the disk (`lab.core.bank.cluster.shard_file`).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from lab.core.bank.entry import Entry, checksum
from lab.errors import BankError

KEY_BYTES = 16
CHECKSUM_BYTES = 8
_MARK = b"\xff\xfebank\xfe\xff"
_HEAD = struct.Struct(f"<{len(_MARK)}sII{KEY_BYTES}s{CHECKSUM_BYTES}s")
_SIZE = _HEAD.size + 4
_CHUNK = 1 << 16


def framed(entry: Entry) -> bytes:
    """An entry's bytes in a log. Raises BankError for a key of another length."""
    key, owner, value, stored = entry
    if len(key) != KEY_BYTES:
        raise BankError(f"a key of the bank has {KEY_BYTES} bytes, not {len(key)}")
    name = owner.encode("utf-8", "surrogatepass")
    head = _HEAD.pack(_MARK, len(name), len(value), key, stored)
    return b"".join((head, zlib.crc32(head).to_bytes(4, "little"), name, value))


def scan(handle: int) -> Iterator[tuple[int, Entry | None]]:
    """Each entry of an open log with its offset; None for bytes that are not an intact entry.

    Memory: one entry.
    """
    size, at = os.fstat(handle).st_size, 0
    while at < size:
        entry = entry_at(handle, at, size)
        yield at, entry
        at = _next_mark(handle, at + 1, size) if entry is None else at + _length(entry)


def scan_file(path: Path) -> Iterator[Entry | None]:
    """The same for a file, without offsets. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield from (entry for _, entry in scan(handle))
    finally:
        os.close(handle)


def entry_at(handle: int, at: int, size: int) -> Entry | None:
    """The intact entry at this offset of a log with `size` bytes; None if there is none."""
    head = os.pread(handle, _SIZE, at)
    if (
        len(head) < _SIZE
        or not head.startswith(_MARK)
        or zlib.crc32(head[:-4]).to_bytes(4, "little") != head[-4:]
    ):
        return None
    _, named, valued, key, stored = _HEAD.unpack_from(head)
    if at + _SIZE + named + valued > size:
        return None
    body = os.pread(handle, named + valued, at + _SIZE)
    try:
        owner, value = body[:named].decode("utf-8", "surrogatepass"), body[named:]
    except UnicodeDecodeError:
        return None
    return (key, owner, value, stored) if checksum(key, owner, value) == stored else None


def _length(entry: Entry) -> int:
    return _SIZE + len(entry[1].encode("utf-8", "surrogatepass")) + len(entry[2])


def _next_mark(handle: int, at: int, size: int) -> int:
    """The offset of the next mark, or `size`."""
    while at < size:
        chunk = os.pread(handle, _CHUNK, at)
        if (found := chunk.find(_MARK)) >= 0:
            return at + found
        if len(chunk) < len(_MARK):
            break
        at += len(chunk) - len(_MARK) + 1
    return size


class ShardLog:
    """A log that this process writes. An incomplete end, which an earlier writer left, is cut off.

    Raises OSError, for example for a full disk; what was not written then is written with the next `flush`.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._pending: list[bytes] = []
        self._flushed = self._end = os.fstat(self._handle).st_size

    def entries(self) -> Iterator[tuple[int, Entry | None]]:
        """As `scan`, of what was flushed; to be called before anything is appended."""
        end = 0
        for at, entry in scan(self._handle):
            yield at, entry
            end = end if entry is None else at + _length(entry)
        os.ftruncate(self._handle, end)
        self._flushed = self._end = end

    def append(self, entry: Entry) -> int:
        """Adds an entry, to be written by the next `flush`. Returns its offset."""
        data, at = framed(entry), self._end
        self._pending.append(data)
        self._end += len(data)
        return at

    def at(self, offset: int) -> Entry | None:
        """The entry at this offset; None if it is damaged."""
        if offset >= self._flushed:
            self.flush()
        return entry_at(self._handle, offset, self._flushed)

    def flush(self) -> None:
        """Writes all entries, so that they survive this process."""
        if not self._pending:
            return
        data, done = memoryview(b"".join(self._pending)), 0
        while done < len(data):
            done += os.pwrite(self._handle, data[done:], self._flushed + done)
        self._flushed = self._end
        self._pending.clear()

    def close(self) -> None:
        """Writes what is left and closes the file. It can be called more than once."""
        try:
            if self._handle >= 0:
                self.flush()
        finally:
            handle, self._handle = self._handle, -1
            if handle >= 0:
                os.close(handle)
