"""The generation-verification gap: the gain from keeping the best-scored samples (Song et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import Any

from eval.analysis.inputs.pools import CandidatePool
from lab.statistics.bounds import bounded_difference

KEPT = 0.25


@dataclass(frozen=True, slots=True)
class VerificationGap:
    """Generation-verification gap of a scorer: accuracy of the samples it keeps minus that of all.

    Song et al. 2024, "Mind the Gap": E[reweighted by the verifier] - E[generator]; here the weight keeps the
    best-scored `kept` share of each problem's samples. `relative` = gap / (1 - generation), None at 1.
    """

    task: str
    method: str
    scorer: str
    kept: float
    generation: float
    verified: float
    gap: float
    low: float
    high: float
    relative: float | None


def verification_gap(pool: CandidatePool, *, seed: int = 0) -> VerificationGap | None:
    """Accuracy of the best-scored quarter of each problem's samples minus that of all (Song et al. 2024).

    Samples tied at the edge of the quarter share its last places. None without scores.
    """
    import numpy as np

    if not np.isfinite(pool.score).any():
        return None
    size = len(pool.ids)
    score = np.where(np.isnan(pool.score), -np.inf, pool.score)
    ends = np.searchsorted(pool.problem, np.arange(size + 1))
    mine = [_kept(score[i:j], pool.correct[i:j]) for i, j in pairwise(ends)]
    every = np.bincount(pool.problem, weights=pool.correct, minlength=size) / np.bincount(pool.problem)
    lost, clusters = [nan] * len(pool.missing), [*pool.clusters.tolist(), *pool.missing]
    gap = bounded_difference([*every.tolist(), *lost], [*mine, *lost], clusters, seed=seed)
    base = float(every.mean())
    relative = gap.mean / (1 - base) if base < 1 else None
    names = (pool.task, pool.method, pool.scorer, KEPT)
    return VerificationGap(*names, base, float(np.mean(mine)), gap.mean, gap.low, gap.high, relative)


def _kept(score: Any, correct: Any) -> float:
    """Mean correctness of the best quarter (at least one), ties sharing."""
    import numpy as np

    places = max(1, round(KEPT * len(score)))
    edge = np.sort(score)[-places]
    above, tied = score > edge, score == edge
    rest = (places - above.sum()) * correct[tied].mean()
    return float((correct[above].sum() + rest) / places)
