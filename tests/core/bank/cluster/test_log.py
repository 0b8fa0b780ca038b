"""The log: intact entries are read, whatever happened to the others, and nothing else ever is."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from banks import entry
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.bank.cluster.log import KEY_BYTES, ShardLog, framed, scan_file
from lab.core.bank.entry import Entry, checksum
from lab.errors import BankError

ENTRIES = [entry(f"p{number}", text="x" * number) for number in range(6)]
entries = st.lists(
    st.builds(
        lambda key, owner, value: (key, owner, value, checksum(key, owner, value)),
        st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES),
        st.text(),
        st.binary(max_size=300),
    ),
    max_size=8,
)


def read(path: Path) -> list[Entry | None]:
    return list(scan_file(path))


@settings(max_examples=60, deadline=None)
@given(entries, st.data())
def test_what_is_appended_is_read_by_offset_and_by_scan(tmp_path_factory, found, data):
    path = tmp_path_factory.mktemp("log") / "bank.log"
    log, offsets = ShardLog(path), []
    for one in found:
        offsets.append(log.append(one))
        if data.draw(st.booleans()):
            log.flush()
        if data.draw(st.booleans()):
            assert log.at(offsets[-1]) == one
    assert [log.at(at) for at in offsets] == found
    log.close()
    log.close()
    assert read(path) == found
    again = ShardLog(path)
    assert list(again.entries()) == list(zip(offsets, found, strict=True))
    again.close()


def test_a_log_cut_at_any_byte_has_the_entries_before_the_cut(tmp_path):
    whole, path = b"".join(map(framed, ENTRIES)), tmp_path / "bank.log"
    ends = [sum(len(framed(e)) for e in ENTRIES[:n]) for n in range(len(ENTRIES) + 1)]
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        kept = sum(end <= size for end in ends) - 1
        assert read(path) == [*ENTRIES[:kept], *([] if size in ends else [None])]
        log = ShardLog(path)
        assert [e for _, e in log.entries() if e] == ENTRIES[:kept]
        log.append(ENTRIES[0])
        log.close()
        assert read(path) == [*ENTRIES[:kept], ENTRIES[0]], "the incomplete end is gone"


def test_a_flipped_bit_anywhere_costs_one_entry(tmp_path):
    whole, path = b"".join(map(framed, ENTRIES)), tmp_path / "bank.log"
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        found = read(path)
        assert found.count(None) == 1
        kept = [e for e in found if e]
        assert len(kept) == len(ENTRIES) - 1
        assert all(e in ENTRIES for e in kept)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 30))
def test_any_damage_gives_intact_entries_or_none(tmp_path_factory, seed):
    rng, path = random.Random(seed), tmp_path_factory.mktemp("log") / "bank.log"
    data = bytearray(b"".join(map(framed, ENTRIES)))
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(data)), rng.randint(0, 80)
        data[at : at + size] = rng.choice([b"", b"\0" * size, rng.randbytes(size), bytes(data[:size])])
    path.write_bytes(data)
    assert all(e in ENTRIES for e in read(path) if e)


def test_a_log_that_another_process_is_writing_is_read_up_to_its_last_entry(tmp_path):
    path = tmp_path / "bank.log"
    log = ShardLog(path)
    log.append(ENTRIES[0])
    assert read(path) == []
    log.flush()
    log.append(ENTRIES[1])
    assert read(path) == ENTRIES[:1]
    log.close()
    assert read(path) == ENTRIES[:2]


def test_what_could_not_be_written_is_written_later(tmp_path, monkeypatch):
    """A full disk after some bytes: the next flush overwrites them."""
    log, real = ShardLog(tmp_path / "bank.log"), os.pwrite
    log.append(ENTRIES[0])

    def full(handle: int, data: bytes, at: int) -> int:
        if at:
            raise OSError(28, "No space left on device")
        return real(handle, data[:30], at)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        log.flush()
    assert read(tmp_path / "bank.log") == [None]
    monkeypatch.setattr(os, "pwrite", real)
    log.append(ENTRIES[1])
    log.close()
    assert read(tmp_path / "bank.log") == ENTRIES[:2]


def test_a_key_of_another_length_is_refused():
    with pytest.raises(BankError, match="has 16 bytes, not 3"):
        framed((b"key", "me", b"", b"12345678"))


def test_what_is_flushed_survives_kill_nine(tmp_path):
    code = """
        import os, sys
        from pathlib import Path
        from lab.core.bank.cluster.log import ShardLog
        from lab.core.bank.entry import checksum
        log = ShardLog(Path(sys.argv[1]))
        for i in range(100):
            key, value = i.to_bytes(16, "big"), str(i).encode()
            log.append((key, "me", value, checksum(key, "me", value)))
        log.flush()
        log.append((b"z" * 16, "me", b"lost", checksum(b"z" * 16, "me", b"lost")))
        os.kill(os.getpid(), 9)
    """
    path = tmp_path / "bank.log"
    program = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    assert subprocess.run(program, cwd=os.getcwd(), check=False).returncode == -signal.SIGKILL
    assert [e and e[2] for e in read(path)] == [str(i).encode() for i in range(100)]
