"""Run as a program: gives up its rights as the checking child does, then tries what it must not be able to.

`python -m tests.support.forbidden FOLDER PORT LAYERS...`, where FOLDER holds files of the test's own, PORT is
a listener on loopback and the layers are sets such as landlock+seccomp+audit. Prints {layers: {deed: error or
"done"}} as JSON. Every deed is done in a process of its own, so that none is in the way of another.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lab.tasks.checkers.sandbox import confine, landlock, seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
SYSCALL = LIBC.syscall


def write(place: Path) -> None:
    os.close(os.open(place / "new", os.O_WRONLY | os.O_CREAT))


def mapped(place: Path) -> None:
    with open(place / "victim", "r+b") as file:
        mmap.mmap(file.fileno(), 0)[:5] = b"PWNED"


def truncate(place: Path) -> None:
    os.close(os.open(place / "victim", os.O_WRONLY | os.O_TRUNC))


def connect(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sent:
        sent.sendall(b"secret")


def datagram(port: int) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"secret", ("127.0.0.1", port))


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def ptrace() -> None:
    if ctypes.CDLL(None, use_errno=True).ptrace(0x4206, os.getppid(), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def raw_socket() -> None:
    """A socket without Python's own modules: what machine code would do."""
    if LIBC.socket(2, 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "socket")


def raw_open(place: Path) -> None:
    """A file of the user's, read without Python's own modules."""
    if LIBC.open(os.fsencode(place / "secret"), 0) < 0:
        raise OSError(ctypes.get_errno(), "open")


def deeds(place: Path, port: int) -> dict[str, Callable[[], object]]:
    victim = place / "victim"
    return {
        "read a file of the user's": (place / "secret").read_text,
        "list a folder of the user's": lambda: os.listdir(place),
        "read the parent's environment": Path(f"/proc/{os.getppid()}/environ").read_bytes,
        "read it in machine code": lambda: raw_open(place),
        "write a new file": lambda: write(place),
        "write through a mapping": lambda: mapped(place),
        "truncate": lambda: truncate(place),
        "truncate by path": lambda: os.truncate(victim, 0),
        "delete": lambda: os.unlink(victim),
        "rename": lambda: os.rename(victim, place / "renamed"),
        "make a folder": lambda: os.mkdir(place / "folder"),
        "make a link": lambda: os.symlink("x", place / "link"),
        "change a mode": lambda: os.chmod(victim, 0o777),
        "connect": lambda: connect(port),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "send a datagram": lambda: datagram(port),
        "connect in machine code": raw_socket,
        "start a process": fork,
        "run a program": lambda: subprocess.run(["true"], check=True),
        "become a program": lambda: os.execv("/bin/true", ["true"]),
        "signal the parent": lambda: os.kill(os.getppid(), signal.SIGWINCH),
        "trace the parent": ptrace,
        "raise its own limits": lambda: resource.setrlimit(resource.RLIMIT_CPU, (9, 9)),
    }


def tried(deed: Callable[[], object], layers: list[str]) -> str:
    """What came of a deed in a process of its own that has given up its rights."""
    read, write_end = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(write_end, 3)
        folders = confine.readable()
        if "landlock" in layers:
            landlock.restrict(folders)
        if "seccomp" in layers:
            seccomp.restrict()
        if "audit" in layers:
            sys.addaudithook(confine.Guard(folders))
        try:
            deed()
            said = "done"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(3, said[:200].encode())
        os._exit(0)
    os.close(write_end)
    said = os.read(read, 4096).decode()
    os.close(read)
    os.waitpid(process, 0)
    return said or "done"


if __name__ == "__main__":
    folder, port, *sets = sys.argv[1:]
    todo = deeds(Path(folder), int(port)).items()
    print(json.dumps({layers: {n: tried(d, layers.split("+")) for n, d in todo} for layers in sets}))
