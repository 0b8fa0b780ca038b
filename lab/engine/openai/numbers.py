"""Checks numbers in a server's reply: type and bounds. A ValueError says what was found instead."""

from __future__ import annotations

from typing import Any

MOST_TOKENS = 100_000_000
"""More tokens than any request has."""
LARGEST_ID = 2**31 - 1
LOWEST, SLACK = -1e5, 1e-3
"""Bounds of a log-probability: vLLM writes -9999 for minus infinity, and rounding may exceed zero."""


def count(value: Any) -> int:
    """A number of tokens: a whole number from 0 on, also as 5.0."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not 0 <= value <= MOST_TOKENS:
        raise ValueError(f"expected a number of tokens, found {_shown(value)}")
    return int(value)


def logprob(value: Any) -> float:
    """The log of a probability: finite, and not above zero."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not LOWEST <= value <= SLACK:
        raise ValueError(f"expected a log-probability, found {_shown(value)}")
    return min(0.0, float(value))


def token_id(value: Any) -> int:
    """A token's id."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_ID:
        raise ValueError(f"expected a token id, found {_shown(value)}")
    return value


def sequence(value: Any) -> list[Any]:
    """A list; None is an empty one."""
    if value is not None and not isinstance(value, list):
        raise ValueError(f"expected a list, found {_shown(value)}")
    return value or []


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > MOST_TOKENS:
        return f"a number of {value.bit_length()} bits"
    return repr(value)[:60] if isinstance(value, int | float | str) else f"a {type(value).__name__}"
