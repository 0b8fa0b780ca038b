"""Every change that the engine layer makes to other libraries (those to vLLM: vllm/patches.py).

Each has the version it is for and the reason. tests/engine/test_patches.py fails when the installed library
no longer needs one; then delete it.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def bound_operators(most: int) -> None:
    """Jinja2 3.1: lets its sandbox check every `*` and `**` in templates compiled from now on.

    Jinja limits the length of a range, but not of a product or a power, and no alarm interrupts one such
    operation. `most`: the maximum length of a text (or list), and the maximum bits of a number, as a result;
    a larger result is a MemoryError.
    """
    from jinja2.sandbox import SandboxedEnvironment

    plain = SandboxedEnvironment.call_binop

    def call_binop(self: Any, context: Any, operator: str, left: Any, right: Any) -> Any:
        if _size(operator, left, right) > most:
            raise MemoryError(f"the result of `{operator}` is too large")
        return plain(self, context, operator, left, right)

    SandboxedEnvironment.intercepted_binops = frozenset({"*", "**"})
    SandboxedEnvironment.call_binop = call_binop  # type: ignore[method-assign]


def _size(operator: str, left: Any, right: Any) -> int:
    """The maximum size of an operation's result: bits of a number, or length of a text."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length(), right.bit_length()
        return bits[0] * max(right, 0) if operator == "**" else sum(bits)
    if operator == "*" and isinstance(right, int) and hasattr(left, "__len__"):
        return len(left) * max(right, 0)
    if operator == "*" and isinstance(left, int) and hasattr(right, "__len__"):
        return len(right) * max(left, 0)
    return 0
