"""Paths as people write them, and the files behind them: are they files, and how large, and text?"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lab.errors import InputError


def path_of(text: str | Path) -> Path:
    """The path, with `~` and `~name` replaced by that home folder; InputError where there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(
            f"the home folder '{Path(text).parts[0]}' is not known; write the full path", where=str(text)
        ) from None


def cache_folder() -> Path:
    """`$LAB_CACHE`, else post-pretraining-lab in `$XDG_CACHE_HOME` or ~/.cache."""
    if own := os.environ.get("LAB_CACHE"):
        return path_of(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "post-pretraining-lab"


MOST_BYTES = 2**31
"""Largest text file that is read at once (2 GiB)."""
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISDIR, "a folder"),
)


def oddity(path: Path) -> str:
    """Why a path is not to be read as a file ("a pipe, not a file"); "" for an ordinary file."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    except ValueError:
        return "this is not a valid file name"
    return "" if stat.S_ISREG(mode) else f"{_named(mode)}, not a file"


def _named(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "something else")


def regular(path: Path, most: int = MOST_BYTES) -> Path:
    """The same path; InputError unless it is an ordinary file of at most `most` bytes."""
    if reason := oddity(path):
        raise InputError(reason, where=str(path))
    size = path.stat().st_size
    if size > most:
        raise InputError(
            f"the file has {size / 2**20:,.0f} MiB; at most {most / 2**20:,.0f} MiB can be read. Split it",
            where=str(path),
        )
    return path


def decoded(path: Path, most: int = MOST_BYTES) -> str:
    """The text of a UTF-8 file, a byte-order mark aside; InputError with file:line for anything else."""
    try:
        raw = regular(path, most).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("UTF-16 text; save the file as UTF-8", where=str(path))
    if (at := raw.find(b"\0")) >= 0:
        raise InputError("not a text file: it contains a zero byte", where=f"{path}:{_line(raw, at)}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 text (byte 0x{raw[error.start]:02x}); save the file as UTF-8",
            where=f"{path}:{_line(raw, error.start)}",
        ) from None


def _line(raw: bytes, at: int) -> int:
    return raw[:at].count(b"\n") + 1
