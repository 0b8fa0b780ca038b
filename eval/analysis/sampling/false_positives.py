"""The cost of a verifier's false positives when resampling until it accepts (Stroebl et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eval.analysis.inputs.pools import CandidatePool
from eval.analysis.sampling.coverage import pass_table
from eval.estimators.pool import powers

ACCEPT = (0.5, 0.25, 0.1)
"""Thresholds at which these shares of all samples are accepted."""


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """Resampling until the verifier accepts, at most k samples (Stroebl et al. 2024), at one threshold.

    `curve[i]` is the accuracy with `ks[i]` samples (none accepted: wrong); `ceiling` is its limit for k to
    infinity: the mean over problems of the precision among accepted samples (0 if there are none).
    `oracle[i]`: pass@k.
    """

    task: str
    method: str
    scorer: str
    threshold: float
    false_positive: float
    true_positive: float
    precision: float | None
    ks: tuple[int, ...]
    curve: tuple[float, ...]
    oracle: tuple[float, ...]
    ceiling: float


def false_positives(pool: CandidatePool) -> list[FalsePositives]:
    """Resampling until accepted at a few thresholds, exactly from the pool (Stroebl et al. 2024).

    With a of n samples accepted, r of them right: k draws without replacement contain an accepted one with
    probability pass@k(n, a), and the first accepted one is right with probability r / a.
    """
    import numpy as np

    known = np.isfinite(pool.score)
    if not known.any() or not pool.independent:
        return []
    thresholds = np.unique(np.quantile(pool.score[known], [1 - share for share in ACCEPT], method="higher"))
    return [_at(pool, float(t), np.where(known, pool.score, -np.inf) >= t) for t in thresholds]


def _at(pool: CandidatePool, threshold: float, accepted: Any) -> FalsePositives:
    import numpy as np

    size, right = len(pool.ids), pool.correct > 0.5
    count = np.bincount(pool.problem, weights=accepted, minlength=size)
    good = np.bincount(pool.problem, weights=accepted & right, minlength=size)
    all_good = np.bincount(pool.problem, weights=right, minlength=size)
    precision = good / np.maximum(count, 1)
    ks = powers(pool.n, include=True)
    columns = [k - 1 for k in ks]
    some, oracle = pass_table(count, pool.n)[:, columns], pass_table(all_good, pool.n)[:, columns]
    return FalsePositives(
        task=pool.task,
        method=pool.method,
        scorer=pool.scorer,
        threshold=threshold,
        false_positive=float((accepted & ~right).sum() / max((~right).sum(), 1)),
        true_positive=float((accepted & right).sum() / max(right.sum(), 1)),
        precision=float(good.sum() / count.sum()) if count.sum() else None,
        ks=tuple(ks),
        curve=tuple(float(x) for x in (some * precision[:, None]).mean(axis=0)),
        oracle=tuple(float(x) for x in oracle.mean(axis=0)),
        ceiling=float(precision.mean()),
    )
