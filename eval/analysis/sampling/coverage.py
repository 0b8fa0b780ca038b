"""pass@k of a pool of n samples per problem, two models of it, and their error when predicting pass@n.

Exponentiated power law (Brown et al. 2024): ln(-ln c) = ln(-a) + b ln k. Beta-binomial: every problem's
success rate is Beta(alpha, beta), so pass@k = 1 - B(alpha, beta + k) / B(alpha, beta); if the rates do not
differ it is the binomial, 1 - (1 - p)^k. Held out: both are fitted to the first quarter of the samples and
predict pass@n of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Any

from eval.analysis.inputs.pools import CandidatePool
from lab.statistics.distributions import special

FURTHER = 8
"""Curves are plotted up to this many times n."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A model of pass@k. "power": exp(a k^b), parameters (a, b); "beta_binomial": (alpha, beta), or (p,) if
    the counts vary no more than a binomial's.

    `held_out` = predicted - observed pass@n of the same model fitted to k <= `fitted_to` only (for the
    beta-binomial: to the counts of that many samples). None if there is too little to fit.
    """

    kind: str
    parameters: tuple[float, ...]
    values: tuple[float, ...]
    fitted_to: int
    predicted: float | None
    held_out: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """pass@k of a pool and its fits: `observed` at `ks`, each fit's `values` at `ks_drawn`."""

    task: str
    stage: str
    problems: int
    n: int
    ks: tuple[int, ...]
    observed: tuple[float, ...]
    ks_drawn: tuple[float, ...]
    fits: tuple[Fit, ...]


def pass_table(right: Any, n: int) -> Any:
    """(problems, n) pass@k for k = 1..n from the number of right samples per problem (Chen et al. 2021)."""
    import numpy as np

    i = np.arange(n)
    none = np.clip(n - np.asarray(right)[:, None] - i, 0, None) / (n - i)
    return 1 - np.cumprod(none, axis=1)


def coverage(pool: CandidatePool) -> Coverage:
    """Observed pass@k and both fits of a pool of independent samples."""
    import numpy as np

    right = pool.correct.reshape(len(pool.ids), pool.n)
    observed, quarter = pass_table(right.sum(axis=1), pool.n).mean(axis=0), pool.n // 4
    ks = np.arange(1, pool.n + 1)
    drawn = np.geomspace(1, FURTHER * pool.n, 64)
    early = right[:, :quarter].sum(axis=1) if quarter else right[:, :0].sum(axis=1)
    target = float(observed[-1])
    laws = [
        _fit(
            "power", _power_of(right.sum(axis=1), pool.n), _power_of(early, quarter), drawn, quarter, target
        ),
        _fit(
            "beta_binomial",
            beta_binomial(right.sum(axis=1), pool.n),
            beta_binomial(early, quarter),
            drawn,
            quarter,
            target,
        ),
    ]
    return Coverage(
        pool.task,
        pool.stage,
        len(pool.ids),
        pool.n,
        tuple(ks.tolist()),
        tuple(observed.tolist()),
        tuple(drawn.tolist()),
        tuple(fit for fit in laws if fit is not None),
    )


def power_law(ks: Any, values: Any) -> tuple[float, float] | None:
    """(a, b) of c = exp(a k^b) by least squares on ln(-ln c), over 0 < c < 1; None below two such points."""
    import numpy as np

    ks, values = np.asarray(ks, dtype=float), np.asarray(values, dtype=float)
    kept = (values > 0) & (values < 1)
    if kept.sum() < 2:
        return None
    b, intercept = np.polyfit(np.log(ks[kept]), np.log(-np.log(values[kept])), 1)
    return -exp(float(intercept)), float(b)


def beta_binomial(right: Any, n: int) -> tuple[float, ...] | None:
    """(alpha, beta) by maximum likelihood over the counts of n samples; None if all are right, or none.

    For counts that vary no more than a binomial's, the maximum is at infinite alpha and beta, which is the
    binomial itself: then only its rate is returned, (p,). This is the case if sum (c - n p)^2 <= problems n p
    (1 - p), the score test of Tarone 1979. Otherwise bounded to [1e-4, 1e4]. Needs n >= 2.
    """
    import numpy as np

    right = np.asarray(right, dtype=float)
    if n < 2 or not 0 < right.sum() < n * len(right):
        return None
    mean = float(right.mean()) / n
    if float(((right - n * mean) ** 2).sum()) <= len(right) * n * mean * (1 - mean):
        return (mean,)
    return _beta(right, n, mean)


def _beta(right: Any, n: int, mean: float) -> tuple[float, float]:
    """(alpha, beta) of the largest likelihood."""
    import numpy as np
    from scipy.optimize import minimize

    betaln = special().betaln
    counts, times = np.unique(right, return_counts=True)

    def loss(x: Any) -> float:
        alpha, beta = np.exp(x)
        return -float((times * (betaln(alpha + counts, beta + n - counts) - betaln(alpha, beta))).sum())

    start = np.log([mean, 1 - mean])
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(log(1e-4), log(1e4))] * 2)
    return float(np.exp(found.x[0])), float(np.exp(found.x[1]))


def predict(kind: str, parameters: tuple[float, ...], ks: Any) -> Any:
    """pass@k of a fitted model."""
    import numpy as np

    betaln = special().betaln
    ks = np.asarray(ks, dtype=float)
    if len(parameters) == 1:
        return 1 - (1 - parameters[0]) ** ks
    a, b = parameters
    return np.exp(a * ks**b) if kind == "power" else 1 - np.exp(betaln(a, b + ks) - betaln(a, b))


def _power_of(right: Any, n: int) -> tuple[float, float] | None:
    import numpy as np

    return power_law(np.arange(1, n + 1), pass_table(right, n).mean(axis=0)) if n else None


def _fit(kind: str, full: Any, early: Any, drawn: Any, quarter: int, target: float) -> Fit | None:
    if full is None:
        return None
    values = tuple(predict(kind, full, drawn).tolist())
    if early is None:
        return Fit(kind, full, values, quarter, None, None)
    guess = float(predict(kind, early, [drawn[-1] / FURTHER])[0])
    return Fit(kind, full, values, quarter, guess, guess - target)
