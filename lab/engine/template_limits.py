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
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from lab.errors import InputError

SECONDS = 10.0
"""Processor time for one prompt; templates take milliseconds."""
BYTES = 1 << 30
"""Memory for one prompt, beyond what the process has already."""
MOST = 1_000_000
"""Longest text (or list), and most bits of a number, that a product or a power may give."""


@contextmanager
def bounded() -> Iterator[None]:
    """Bound the template rendered in this block; TimeoutError or MemoryError when it goes beyond."""
    _bound_operators()
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


@cache
def bound_transformers() -> None:
    """Have transformers bound every template that it renders in this process, whoever asks: TRL does.

    What goes beyond is an InputError: the model's folder is at fault.
    """
    base: Any = import_module("transformers.tokenization_utils_base")
    plain = base.render_jinja_template

    def render(*given: Any, **options: Any) -> Any:
        try:
            with bounded():
                return plain(*given, **options)
        except (TimeoutError, MemoryError) as error:
            why = str(error) or f"it takes more than {BYTES >> 20} MiB of memory"
            raise InputError(f"the model's chat template cannot be rendered: {why}") from error

    base.render_jinja_template = render


def _too_long(*signal: object) -> None:
    raise TimeoutError(f"it takes more than {SECONDS:.0f} seconds of processor time")


def _room(hard: int) -> int | None:
    """The address space the process may have meanwhile; None where the system does not say or keep to it."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    wanted = pages * resource.getpagesize() + BYTES
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


@cache
def _bound_operators() -> None:
    """Have Jinja's sandbox look at every `*` and `**` of a template that is compiled from now on."""
    from jinja2.sandbox import SandboxedEnvironment

    plain = SandboxedEnvironment.call_binop

    def call_binop(self: Any, context: Any, operator: str, left: Any, right: Any) -> Any:
        if _size(operator, left, right) > MOST:
            raise MemoryError(f"the result of `{operator}` is too large")
        return plain(self, context, operator, left, right)

    SandboxedEnvironment.intercepted_binops = frozenset({"*", "**"})
    SandboxedEnvironment.call_binop = call_binop  # type: ignore[method-assign]


def _size(operator: str, left: Any, right: Any) -> int:
    """Bits of the number, or length of the text, that an operation gives at most."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length(), right.bit_length()
        return bits[0] * max(right, 0) if operator == "**" else sum(bits)
    if operator == "*" and isinstance(right, int) and hasattr(left, "__len__"):
        return len(left) * max(right, 0)
    if operator == "*" and isinstance(left, int) and hasattr(right, "__len__"):
        return len(right) * max(left, 0)
    return 0
