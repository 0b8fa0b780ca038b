"""Landlock (Linux 5.13 and later): a process restricts its own access to files and the network, permanently.

It needs no privilege and cannot be undone. There are three system calls, made directly through ctypes: create
a ruleset that names what is controlled, add the folders that may still be read, and restrict this process.
What a kernel can control depends on its version ("ABI"): files from 1, truncation from 3, TCP from 4, signals
to other processes and abstract sockets from 6. Numbers and structures are those of
<https://docs.kernel.org/userspace-api/landlock.html> and linux/landlock.h; they are the same on all
processors.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from typing import Any

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
"""The system calls' numbers."""
NO_NEW_PRIVILEGES = 38
"""prctl's option of that name; without it the kernel restricts only privileged processes."""
READ_FILE, READ_FOLDER = 1 << 2, 1 << 3
HANDLED = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""ABI -> the rights over files that it brought: 13 at first, then moving, truncating, device control."""
NETWORK, SCOPES = (4, 0b11), (6, 0b11)
"""(ABI, rights): bind and connect over TCP; abstract sockets and signals to processes outside."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def abi() -> int:
    """The Landlock version of this kernel; 0 if it has none, or if it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(_library().syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def restrict(readable: Iterable[str]) -> int:
    """From now on this process may only read, and only what is `readable`. Returns the active ABI, or 0.

    Raises OSError if the kernel has Landlock but refuses.
    """
    version = abi()
    if not version:
        return 0
    files = sum(rights for since, rights in HANDLED.items() if since <= version)
    rules = _Ruleset(files, *(rights if since <= version else 0 for since, rights in (NETWORK, SCOPES)))
    size = 8 + 8 * (version >= NETWORK[0]) + 8 * (version >= SCOPES[0])
    ruleset = _call(CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    for path in readable:
        _allow(ruleset, path)
    _checked(_library().prctl(NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))))
    _call(RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
    return version


def _allow(ruleset: int, path: str) -> None:
    """Allows reading a file, or everything below a folder. Paths that do not exist are skipped."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = READ_FILE | READ_FOLDER if os.path.isdir(path) else READ_FILE
        rule = _Beneath(rights, place)
        _call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    return _checked(int(_library().syscall(number, *arguments)))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _library() -> Any:
    return ctypes.CDLL(None, use_errno=True)
