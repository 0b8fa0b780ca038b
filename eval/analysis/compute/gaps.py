"""The selection gap: accuracy lost against an oracle that selects from equally many samples (pass@n)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.compute.resampled_curves import ResampledCurve, point_ends
from lab.statistics.bounds import apart, hull

ORACLE, SAMPLE = "pass@k", "sample"


@dataclass(frozen=True, slots=True)
class Gap:
    """The gap at n: `oracle` (pass@n) minus `selected`, paired, on equal pools of one stage.

    `sample`: accuracy of one sample, so `share` = (selected - sample) / (oracle - sample) is the share of the
    possible gain that was achieved; None if no gain is possible.
    """

    task: str
    method: str
    n: int
    oracle: float
    selected: float
    sample: float | None
    gap: float
    low: float
    high: float
    share: float | None


def oracle_gaps(task: str, curves: Sequence[ResampledCurve]) -> list[Gap]:
    """pass@n minus accuracy at the same n, for every method with a point at an n that pass@k has."""
    rows = []
    for oracle in (c for c in curves if c.series.method.strategy == ORACLE):
        for curve in curves:
            method = curve.series.method
            if method.stage == oracle.series.method.stage and not method.ceiling and max(curve.ns) > 1:
                rows += _gaps(task, curve, oracle)
    return rows


def _gaps(task: str, curve: ResampledCurve, oracle: ResampledCurve) -> list[Gap]:
    rows = []
    for i, n in enumerate(curve.ns):
        if n in oracle.ns:
            top, mine = float(_at(oracle, n)[0]), float(curve.accuracy[0, i])
            one = float(oracle.accuracy[0, oracle.ns.index(1)]) if 1 in oracle.ns else None
            won = None
            if one is not None and top - one > 1e-12:
                won = (mine - one) / (top - one)
            ends = hull([point_ends(a, a.ns.index(n), b, b.ns.index(n)) for a, b in apart(oracle, curve)])
            rows.append(Gap(task, curve.series.method.id, n, top, mine, one, top - mine, *ends, won))
    return rows


def _at(curve: ResampledCurve, n: int) -> Any:
    """Accuracy at n, in the data and in every resample."""
    return curve.accuracy[:, curve.ns.index(n)]
