"""Bounds on a chat template while it is rendered: it comes with a model folder and is not to be trusted.

Jinja's sandbox keeps a template from the machine, not from using it up: loops inside loops, texts times a
billion and towers of powers run for ever or fill the memory. A template has some seconds of processor time
(an alarm, in the main thread only, where signals arrive), some memory beyond what the process has (on Linux),
and numbers and texts it multiplies stay small, since no alarm interrupts one such operation.
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
"""Processor time for one prompt; templates take milliseconds."""
BYTES = 1 << 30
"""Memory for one prompt, beyond what the process has already."""
MOST = 1_000_000
"""Longest text (or list), and most bits of a number, that a product or a power may give."""


@contextmanager
def bounded() -> Iterator[None]:
    """Bound the template rendered in this block; TimeoutError or MemoryError when it goes beyond."""
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
    """The address space the process may have meanwhile; None where the system does not say or keep to it."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    wanted = pages * resource.getpagesize() + BYTES
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
