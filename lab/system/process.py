"""Child processes that do not outlive the one that started them; what a process has taken, and gives back.

The C library and Arrow keep memory that was freed for later. Between steps that each need much for a moment,
that would add up to the sum of what they needed instead of the largest of it: `give_back`.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 1.0
_peak_is_new: list[bool] = []


def end_with_parent(parent: int) -> None:
    """Makes the system kill this process when its parent process `parent` ends, so that no orphan continues.

    On Linux the kernel does this, elsewhere a thread checks once per second. If the parent ended before this
    call (for example while the child was importing), the process ends here.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    _end_without(parent)


def _watch(parent: int) -> None:
    while True:
        time.sleep(_LOOK_SECONDS)
        _end_without(parent)


def _end_without(parent: int) -> None:
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def forget_peak() -> None:
    """Restarts the measurement of this process's peak memory, if the system supports that (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return
    _peak_is_new.append(True)


def peak_memory(whose: int = resource.RUSAGE_SELF) -> int:
    """Peak resident bytes of this process, or (RUSAGE_CHILDREN) of the largest of its finished children.

    For this process since `forget_peak`, if that worked.
    """
    if whose == resource.RUSAGE_SELF and _peak_is_new:
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    most = resource.getrusage(whose).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def give_back() -> None:
    """Returns freed memory to the system, as far as the C library can (glibc; elsewhere only Arrow's)."""
    if (arrow := sys.modules.get("pyarrow")) is not None:
        arrow.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


again = False
"""Set by the stage's process: an engine may then wait for a server that it has not seen answer itself."""
