"""Limits on a chat template while it is rendered, because it comes with a model folder and is untrusted.

Jinja's sandbox protects the machine, but not its resources: nested loops, texts times a billion and towers of
powers run forever or fill the memory. A template has a few seconds of processor time (an alarm, in the main
thread only, which receives signals) and some memory in addition to what the process uses (on Linux). Numbers
and texts that it multiplies stay small, because no alarm interrupts one such operation.
"""

from __future__ import annotations

import resource
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.engine.patches import bound_operators

SECONDS = 10.0
"""Processor time for one prompt in seconds; templates normally take milliseconds."""
BYTES = 1 << 30
"""Memory for one prompt, in addition to what the process already uses."""
MOST = 1_000_000
"""Maximum length of a text (or list), and maximum bits of a number, as the result of a product or a power."""


@contextmanager
def bounded() -> Iterator[None]:
    """Limits the template rendered in this block. Raises TimeoutError or MemoryError beyond the limits."""
    bound_operators(MOST)
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _too_long)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    room = _room(hard)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        if room is not None:
            resource.setrlimit(resource.RLIMIT_AS, (room, hard))
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if room is not None:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _too_long(*signal: object) -> None:
    raise TimeoutError(f"it takes more than {SECONDS:.0f} seconds of processor time")


def _room(hard: int) -> int | None:
    """The address space that the process may use meanwhile; None if the system does not report or enforce
    it.
    """
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    wanted = pages * resource.getpagesize() + BYTES
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
