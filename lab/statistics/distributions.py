"""Student's t, the normal, and ranks, from scipy.special.

scipy.stats asks the same functions, so its numbers are these to the last bit; but it takes over a second of
processor time to load, which is much beside a report over a few problems.
"""

from __future__ import annotations

from typing import Any

from lab.system.imports import put_off


def special() -> Any:
    """scipy.special; its compatibility layer touches every part of numpy, but needs not all."""
    put_off("numpy.f2py")
    import scipy.special

    return scipy.special


def t_quantile(chance: float, freedom: float) -> float:
    """Where Student's t with `freedom` degrees lies below with this chance."""
    return float(special().stdtrit(freedom, chance))


def t_below(value: float, freedom: float) -> float:
    """The chance that Student's t with `freedom` degrees is at most `value`."""
    return float(special().stdtr(freedom, value))


def normal_quantile(chance: float) -> float:
    """Where the standard normal lies below with this chance."""
    return float(special().ndtri(chance))


def normal_below(value: float) -> float:
    """The chance that the standard normal is at most `value`."""
    return float(special().ndtr(value))


def ranks(values: Any) -> Any:
    """The rank of each finite value among all, from 1; equal values share the mean of theirs."""
    import numpy as np

    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
