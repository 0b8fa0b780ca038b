"""The common code of confidence metrics: one confidence and one correctness per answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

INPUTS = """
Args:
    predictions: one confidence per answer, higher means more confident{in_unit}.
    references: whether each answer is right (1) or wrong (0).
"""


def inputs(*, unit: bool = False) -> str:
    """The description of the arguments; `unit`: the confidence is a probability."""
    return INPUTS.format(in_unit=", a probability in [0, 1]" if unit else "")


def features() -> Any:
    """Two columns of numbers."""
    from datasets import Features, Value

    return Features({"predictions": Value("float64"), "references": Value("float64")})


def probabilities(values: Sequence[float]) -> Sequence[float]:
    """The same values; ValueError for one outside [0, 1]."""
    if wrong := [v for v in values if not 0 <= v <= 1]:
        raise ValueError(f"a probability must be in [0, 1], found {wrong[0]}")
    return values


def marks(values: Sequence[float], what: str = "a mark") -> list[bool]:
    """0 and 1 as flags; ValueError for anything else."""
    if wrong := [v for v in values if v not in (0, 1)]:
        raise ValueError(f"{what} must be 1 or 0, found {wrong[0]}")
    return [v == 1 for v in values]
