"""A process of its own for checks that evaluate a model's text (sympy, generators that call `eval`).

Such a check may hang, eat memory or try to do harm. It runs in one long-lived child without write
access to files and with a memory limit; a call that takes too long kills the child, and the next
call starts a new one. Its hash seed is fixed, so that what hangs on the order of sets is the same in
every run. Calls and results are JSON lines over pipes, so the parent holds nothing but text.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any


class SandboxError(Exception):
    """The call raised in the child, or the child died of it."""


class SandboxTimeout(SandboxError):
    """The call took too long and its process was killed."""


class Sandbox:
    """A child process that calls functions by name; started on the first call, thread-safe."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._ready: set[str] = set()
        self._lock = threading.Lock()

    def call(self, function: str, *arguments: Any, seconds: float = 5.0) -> Any:
        """`module:name` called with JSON-able arguments; raises SandboxTimeout or SandboxError."""
        with self._lock:
            module = function.split(":", maxsplit=1)[0]
            if self._alive() is None or module not in self._ready:
                self._ask(["import", module, _STARTUP_SECONDS], _STARTUP_SECONDS)
                self._ready.add(module)
            return self._ask(["call", function, seconds, *arguments], seconds)

    def close(self) -> None:
        """Ends the child; safe to call twice."""
        child, self._child = self._child, None
        self._ready = set()
        if child is not None and self._owner == os.getpid():
            child.kill()
            child.communicate()

    def _alive(self) -> subprocess.Popen[bytes] | None:
        child = self._child
        if child is None or self._owner != os.getpid() or child.poll() is not None:
            return None
        return child

    def _start(self) -> subprocess.Popen[bytes]:
        self.close()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "lab.tasks.checkers.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
        )
        self._owner = os.getpid()
        return self._child

    def _ask(self, message: list[Any], seconds: float) -> Any:
        child = self._alive() or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(message).encode() + b"\n")
            child.stdin.flush()
            line = _read_line(child.stdout.fileno(), seconds)
        except (OSError, EOFError) as error:
            self.close()
            raise SandboxError(f"the checking process died: {error}") from None
        if line is None:
            self.close()
            raise SandboxTimeout(f"no result within {seconds:g} s")
        ok, value = json.loads(line)
        if not ok:
            raise SandboxError(value)
        return value


def _read_line(descriptor: int, seconds: float) -> bytes | None:
    """One line of a pipe, or None after `seconds` without its end; raises EOFError."""
    deadline, line = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                return None
            piece = os.read(descriptor, 65536)
            if not piece:
                raise EOFError("it closed its output")
            line += piece
    return line


SANDBOX = Sandbox()
"""The one child that all checkers of this process share."""
atexit.register(SANDBOX.close)
_STARTUP_SECONDS = 180
