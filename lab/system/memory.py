"""Memory that Python no longer uses, given back to the machine.

The C library and Arrow keep what was freed for later. Between steps that each need much for a moment, that
would add up to the sum of what they needed instead of the largest of it.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """Return freed memory to the system, as far as the C library can (glibc; elsewhere only Arrow's)."""
    if (arrow := sys.modules.get("pyarrow")) is not None:
        arrow.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
