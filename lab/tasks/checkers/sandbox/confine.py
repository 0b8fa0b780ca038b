"""Restricts the sandbox process before it sees a text, in several independent layers.

On every system, memory and file size are limited, descriptors other than the pipes are closed, and a Python
audit hook refuses files outside Python's own folders, sockets, processes and foreign libraries. The audit
hook stops Python code, not machine code. On Linux the kernel adds two layers that stop both: Landlock (files,
TCP, signals) and seccomp (only the system calls of a list). Each is used if it is available; `lab doctor`
shows which are active.
"""

from __future__ import annotations

import os
import resource
import site
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.tasks.checkers.sandbox import landlock, seccomp

MOST_MEMORY = 4 * 1024**3
"""Bytes of data one checking process may hold."""
MOST_FILES = 64
"""Descriptors: what an import opens at one time."""
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/dev/urandom")
"""Where the loader of shared libraries looks."""
FORBIDDEN = (
    "socket",
    "subprocess",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.kill",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.chflags",
    "os.utime",
    "os.setxattr",
    "os.removexattr",
    "os.lockf",
    "os.startfile",
    "shutil",
    "tempfile",
    "pty",
    "ftplib",
    "http",
    "imaplib",
    "nntplib",
    "poplib",
    "smtplib",
    "telnetlib",
    "urllib",
    "webbrowser",
    "sqlite3",
    "resource.setrlimit",
    "resource.prlimit",
    "signal.pthread_kill",
    "syslog",
    "winreg",
    "msvcrt",
    "ctypes.dlsym",
    "ctypes.string_at",
    "ctypes.wstring_at",
    "ctypes.set_errno",
    "ctypes.cdata",
    "ctypes.call_function",
    "sys.addaudithook",
    "sys.setprofile",
    "sys.settrace",
    "code.__new__",
)
"""Audit events that no check needs, by name or by the part before a dot."""
FILES = ("open", "os.listdir", "os.scandir", "os.chdir", "os.walk", "os.fwalk", "os.getxattr", "os.listxattr")
"""Audit events whose first argument is a path that is to be read."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine() -> dict[str, bool]:
    """Applies all layers, permanently. Returns {layer: whether it is active}."""
    folders = readable()
    _limits()
    os.closerange(3 + 1, 4096)
    holds = {"landlock": _held(lambda: bool(landlock.restrict(folders))), "seccomp": _held(seccomp.restrict)}
    sys.addaudithook(Guard(folders))
    return {**holds, "audit": True}


def readable() -> tuple[str, ...]:
    """The folders a check may read: Python's, the packages', the lab's own code, the system's libraries."""
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [p for p in sys.path if Path(p).name in ("site-packages", "dist-packages", "lib-dynload")]
    paths += [str(Path(prefix) / "lib") for prefix in (sys.prefix, sys.base_prefix)]
    paths += [str(Path(__file__).parents[3]), *os.environ.get("LD_LIBRARY_PATH", "").split(":"), *SYSTEM]
    if site.ENABLE_USER_SITE:
        paths.append(site.getusersitepackages())
    home = os.path.realpath(os.path.expanduser("~"))
    real = dict.fromkeys(os.path.realpath(path) for path in paths if path)
    return tuple(path for path in real if path != "/" and not (home + "/").startswith(path + "/"))


def _limits() -> None:
    """Limits: no writing to files, no core dump, few descriptors, and bounded memory if the system supports
    it.
    """
    for limit, most in (("FSIZE", 0), ("CORE", 0), ("NOFILE", MOST_FILES), ("NPROC", 0)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (most, most))
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


def _held(layer: Any) -> bool:
    """Whether a layer could be activated. A layer that this machine refuses is missing, not an error."""
    try:
        return bool(layer())
    except (OSError, AttributeError):
        return False


class Guard:
    """The audit hook: raises PermissionError for everything that a check does not need."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = tuple(f"{folder}/" for folder in folders)
        self._real = os.path.realpath

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in FILES:
            self._file(arguments)
        elif event in FORBIDDEN or event.partition(".")[0] in FORBIDDEN:
            raise PermissionError(f"the checker process may not do this: {event}")
        elif event == "ctypes.dlopen" and arguments[0] is not None:
            self._file(arguments[:1])

    def _file(self, arguments: tuple[Any, ...]) -> None:
        path = arguments[0]
        if isinstance(path, int):
            return
        flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
        real = self._real(os.fsdecode(path if path is not None else "."))
        if flags & WRITING or not f"{real}/".startswith(self._folders):
            raise PermissionError(f"the checker process may not use this file: {str(path)[:200]}")
