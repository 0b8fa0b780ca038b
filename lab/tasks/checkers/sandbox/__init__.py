"""Runs checks that use third-party code on a model's text (sympy, code that calls eval) in a separate
process.

Such a check may hang, use too much memory or be harmful. It runs in one long-lived child process with an
empty environment, which cannot open files for writing, start processes or reach the network (confine.py says
how, and what remains if the system does not support it). Each call has a limit of CPU time, which other
programs do not use up. Beyond it the child is killed, and the next call starts a new one. The hash seed is
fixed, so that results that depend on the order of sets are the same in every run. Calls and results are JSON
lines over pipes, so the parent receives nothing but text.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from lab.errors import StageError

KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
"""Variables that Python itself may need in order to start; the child gets no others of ours."""
ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1"),
    "HOME": "/nonexistent",
}
WORKER = "lab.tasks.checkers.sandbox.worker"


class SandboxError(Exception):
    """The call raised an exception in the child, or the child died during the call."""


class SandboxTimeout(SandboxError):
    """The call took too long and its process was killed."""


class _Died(SandboxError):
    """The child ended during a call, but not because of its limits."""


class SandboxBroken(StageError):
    """The child cannot be started here, so nothing can be checked. No text is at fault."""


class Sandbox:
    """A child process that calls functions by name; started on the first call, thread-safe."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._ready: set[str] = set()
        self._lock = threading.Lock()
        self.layers: dict[str, bool] = {}
        """Which layers of confinement hold, once the child runs: landlock, seccomp, audit."""

    def call(self, function: str, *arguments: Any, seconds: float = 5.0) -> Any:
        """Calls `module:name` with JSON-able arguments, for at most `seconds` of CPU time, and returns its
        result.

        Raises SandboxTimeout or SandboxError if the call is at fault, SandboxBroken if every call would fail.
        If the child dies during a call, something else may have killed it, so the call is tried once more.
        """
        message = ["call", function, seconds, *arguments]
        with self._lock:
            self._prepare(function.partition(":")[0])
            try:
                return self._ask(message, seconds)
            except _Died:
                self._prepare(function.partition(":")[0])
                return self._ask(message, seconds)

    def start(self) -> dict[str, bool]:
        """The layers of confinement that are active. Starts the child if necessary; raises SandboxBroken."""
        with self._lock:
            self._prepare(None)
            return dict(self.layers)

    def close(self) -> None:
        """Ends the child; safe to call twice."""
        child, self._child = self._child, None
        self._ready = set()
        if child is not None and self._owner == os.getpid():
            child.kill()
            child.communicate()

    def _prepare(self, module: str | None) -> None:
        """Makes sure that a child runs and has loaded the module."""
        try:
            if self._alive() is None:
                self._start()
            if module is not None and module not in self._ready:
                self._ask(["import", module, _STARTUP_SECONDS], _STARTUP_SECONDS)
                self._ready.add(module)
        except SandboxError as error:
            self.close()
            raise SandboxBroken(f"the checker process cannot load {module or 'itself'}: {error}") from None

    def _alive(self) -> subprocess.Popen[bytes] | None:
        child = self._child
        if child is None or self._owner != os.getpid() or child.poll() is not None:
            return None
        return child

    def _start(self) -> None:
        self.close()
        places = os.pathsep.join(os.path.abspath(place) for place in sys.path)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={**ENVIRONMENT, "PYTHONPATH": places, **kept},
            )
        except OSError as error:
            raise SandboxError(str(error)) from None
        self._owner = os.getpid()
        self.layers = self._answer(_STARTUP_SECONDS)

    def _ask(self, message: list[Any], seconds: float) -> Any:
        child = self._child
        assert child is not None
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(message).encode() + b"\n")
            child.stdin.flush()
        except OSError as error:
            raise self._died(seconds, str(error)) from None
        return self._answer(seconds)

    def _answer(self, seconds: float) -> Any:
        """The reply of the child, treated as untrusted data."""
        child = self._child
        assert child is not None
        assert child.stdout is not None
        try:
            line = _read_line(child.stdout.fileno(), 10 * seconds + 35)
            ok, value = json.loads(line)
        except TimeoutError:
            self.close()
            raise SandboxTimeout(f"no result within {10 * seconds + 35:g} s of wall time") from None
        except (OSError, EOFError, ValueError, TypeError, RecursionError) as error:
            raise self._died(seconds, str(error)) from None
        if not ok:
            raise SandboxError(str(value))
        return value

    def _died(self, seconds: float, why: str) -> SandboxError:
        """The error that says why the child ended. A signal of its timers means that it took too long."""
        child = self._child
        self.close()
        code = child.returncode if child is not None else None
        if code in (-signal.SIGPROF, -signal.SIGALRM):
            return SandboxTimeout(f"no result within {seconds:g} s of CPU time")
        return _Died(f"the checker process ended: {why}")


def _read_line(descriptor: int, seconds: float) -> bytes:
    """One line from a pipe. Raises TimeoutError after `seconds` without a complete line, EOFError if the pipe
    ends.
    """
    pieces: list[bytes] = []
    deadline, size = time.monotonic() + seconds, 0
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not pieces or not pieces[-1].endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError
            piece = os.read(descriptor, 65536)
            size += len(piece)
            if not piece or size > _LONGEST_REPLY:
                raise EOFError("it closed its output" if not piece else "its reply is too long")
            pieces.append(piece)
    return b"".join(pieces)


def layers_here() -> dict[str, bool]:
    """The layers of confinement that are active on this machine. Starts a child; raises SandboxBroken."""
    child = Sandbox()
    try:
        return child.start()
    finally:
        child.close()


SANDBOX = Sandbox()
"""The one child that all checkers of this process share."""
atexit.register(SANDBOX.close)
_STARTUP_SECONDS = 120.0
_LONGEST_REPLY = 16 * 2**20
