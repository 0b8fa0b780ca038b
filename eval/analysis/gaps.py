"""What choosing loses: against an oracle at equal n, and against the method's own best n.

The oracle of a pool is pass@n. A method that falls as n grows is over-optimised: its scorer is asked to
choose among ever more samples and finds those that fool it (Gao et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eval.analysis.curves import Drawn
from eval.analysis.shape import Gap, OverOptimisation
from eval.resample import interval
from eval.unmeasured import apart, hull

ORACLE, SAMPLE = "pass@k", "sample"


def oracle_gaps(task: str, curves: Sequence[Drawn]) -> list[Gap]:
    """pass@n minus accuracy at the same n, for every method with a point at an n that pass@k has."""
    rows = []
    for oracle in (c for c in curves if c.series.method.strategy == ORACLE):
        for curve in curves:
            method = curve.series.method
            if method.stage == oracle.series.method.stage and not method.ceiling and max(curve.ns) > 1:
                rows += _gaps(task, curve, oracle)
    return rows


def _gaps(task: str, curve: Drawn, oracle: Drawn) -> list[Gap]:
    rows = []
    for i, n in enumerate(curve.ns):
        if n in oracle.ns:
            top, mine = float(_at(oracle, n)[0]), float(curve.accuracy[0, i])
            one = float(oracle.accuracy[0, oracle.ns.index(1)]) if 1 in oracle.ns else None
            won = None
            if one is not None and top - one > 1e-12:
                won = (mine - one) / (top - one)
            ends = hull([interval(_at(a, n)[1:] - _at(b, n)[1:], a.groups) for a, b in apart(oracle, curve)])
            rows.append(Gap(task, curve.series.method.id, n, top, mine, one, top - mine, *ends, won))
    return rows


def _at(curve: Drawn, n: int) -> Any:
    """Accuracy at n, in the data and in every draw."""
    return curve.accuracy[:, curve.ns.index(n)]


def over_optimisation(task: str, curve: Drawn) -> OverOptimisation | None:
    """The curve's peak against its largest n, the peak chosen on the data; None for a single point.

    The drop of every draw is at that same n; choosing it on the data makes the drop a little too large.
    """
    if len(curve.ns) < 2:
        return None
    last = curve.ns.index(max(curve.ns))
    peak = int(curve.accuracy[0].argmax())
    drops = [a.accuracy[:, peak] - b.accuracy[:, last] for a, b in apart(curve, curve)]
    low, high = hull([interval(drop[1:], curve.groups) for drop in drops])
    before, after = float(curve.accuracy[0, peak]), float(curve.accuracy[0, last])
    id = curve.series.method.id
    return OverOptimisation(
        task, id, curve.ns[peak], before, curve.ns[last], after, float(drops[0][0]), low, high, bool(low > 0)
    )
