"""Student's t distribution, the normal distribution, and ranks, from scipy.special.

scipy.stats uses the same functions and gives the same numbers to the last bit, but it takes over a second of
processor time to import.
"""

from __future__ import annotations

from typing import Any

from lab.system.imports import put_off


def special() -> Any:
    """scipy.special, imported without numpy.f2py, which it would load but does not need."""
    put_off("numpy.f2py")
    import scipy.special

    return scipy.special


def t_quantile(chance: float, freedom: float) -> float:
    """The quantile of Student's t with `freedom` degrees of freedom at this probability."""
    return float(special().stdtrit(freedom, chance))


def t_below(value: float, freedom: float) -> float:
    """The probability that Student's t with `freedom` degrees of freedom is at most `value`."""
    return float(special().stdtr(freedom, value))


def normal_quantile(chance: float) -> float:
    """The quantile of the standard normal distribution at this probability."""
    return float(special().ndtri(chance))


def normal_below(value: float) -> float:
    """The probability that a standard normal variable is at most `value`."""
    return float(special().ndtr(value))


def ranks(values: Any) -> Any:
    """The rank of each finite value, from 1. Equal values share their mean rank."""
    import numpy as np

    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
