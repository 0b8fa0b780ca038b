"""One problem's pool of candidates in the form of the estimators, and the resulting estimates.

After a strategy has answered, its pool is checked against the gold; from then on only numbers are needed. A
point at k < n is estimated from the same n candidates, at no additional compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan


@dataclass(frozen=True, slots=True)
class Pool:
    """The n candidates of one problem, in sample order.

    `values`: canonical answers (None: unparsed or failed). `correct`: 1, 0, or NaN where unscored.
    `scores`: the scorer's, -inf for a failed candidate, empty without a scorer. `seed`: for estimators
    that draw subsets.
    """

    values: tuple[str | None, ...]
    correct: tuple[float, ...]
    scores: tuple[float, ...] = ()
    seed: int = 0

    @property
    def unscored(self) -> bool:
        """Whether some candidate is unscored: then nothing can be estimated."""
        return any(isnan(c) for c in self.correct)

    @classmethod
    def failed(cls, n: int) -> Pool:
        """The pool of a plan that failed: every candidate is wrong."""
        return cls((None,) * n, (0.0,) * n, (-inf,) * n)


@dataclass(frozen=True, slots=True)
class PoolEstimate:
    """The expected accuracy of `strategy` (with `scorer`) on one problem at k candidates.

    `mc_se` is the Monte Carlo standard error, 0 if the value is exact.
    """

    strategy: str
    scorer: str
    k: int
    value: float
    mc_se: float = 0.0


def powers(n: int, *, include: bool = False) -> list[int]:
    """1, 2, 4, ... below n; and n itself if `include`."""
    below = [1 << i for i in range(n.bit_length()) if 1 << i < n]
    return [*below, n] if include else below
