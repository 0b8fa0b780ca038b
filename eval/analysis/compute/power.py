"""Power analysis: how many problems show a difference; paired, two-sided 5 %, 80 % power, normal
approximation.
"""

from __future__ import annotations

from math import ceil, sqrt

Z_BOTH = 1.959963984540054 + 0.8416212335729143
"""Normal quantiles of 97.5 % and 80 %."""


def problems_needed(difference: float, sd: float) -> int | None:
    """Problems for 80 % power, from the SD of the paired differences; None for a difference of 0."""
    return None if difference == 0 else max(2, ceil((Z_BOTH * sd / difference) ** 2))


def detectable(problems: int, sd: float) -> float:
    """The smallest difference that this many problems show with 80 % power."""
    return Z_BOTH * sd / sqrt(problems)
