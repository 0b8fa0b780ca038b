"""What choosing loses: against an oracle at equal n, and against the method's own best n.

The oracle of a pool is pass@n. A method that falls as n grows is over-optimised: its scorer is asked to
choose among ever more samples and finds those that fool it (Gao et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eval.analysis.compute.curves import ResampledCurve
from eval.analysis.shape import Gap, OverOptimisation
from lab.statistics.bounds import apart, hull
from lab.statistics.means import ends_apart
from lab.statistics.proportion import numbered

ORACLE, SAMPLE = "pass@k", "sample"


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
            ends = hull([_ends(a, a.ns.index(n), b, b.ns.index(n)) for a, b in apart(oracle, curve)])
            rows.append(Gap(task, curve.series.method.id, n, top, mine, one, top - mine, *ends, won))
    return rows


def _at(curve: ResampledCurve, n: int) -> Any:
    """Accuracy at n, in the data and in every draw."""
    return curve.accuracy[:, curve.ns.index(n)]


def _ends(a: ResampledCurve, i: int, b: ResampledCurve, j: int) -> tuple[float, float]:
    """The interval of point i of a minus point j of b, on the same problems."""
    import numpy as np

    d = a.accuracies(i) - b.accuracies(j)
    known = ~np.isnan(d)
    clusters = a.of[known].tolist()
    return ends_apart(d[known], numbered(clusters if len(set(clusters)) > 1 else range(len(clusters))))


def over_optimisation(task: str, curve: ResampledCurve) -> OverOptimisation | None:
    """The curve's peak against its largest n, the peak chosen on the data; None for a single point.

    Choosing it on the data makes the drop a little too large.
    """
    if len(curve.ns) < 2:
        return None
    last = curve.ns.index(max(curve.ns))
    peak = int(curve.accuracy[0].argmax())
    low, high = (
        hull([_ends(a, peak, b, last) for a, b in apart(curve, curve)]) if peak != last else (0.0, 0.0)
    )
    before, after = float(curve.accuracy[0, peak]), float(curve.accuracy[0, last])
    id = curve.series.method.id
    return OverOptimisation(
        task, id, curve.ns[peak], before, curve.ns[last], after, before - after, low, high, bool(low > 0)
    )
