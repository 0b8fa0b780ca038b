"""Over-optimisation: does a method's accuracy fall as n grows? Its largest n against its best n.

If it falls, the method is over-optimised: its scorer selects among more and more samples and finds those with
a wrongly high score (Gao et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

from eval.analysis.compute.resampled_curves import ResampledCurve, point_ends
from lab.statistics.bounds import apart, hull


@dataclass(frozen=True, slots=True)
class OverOptimisation:
    """Accuracy at the curve's peak against its largest n: `drop` = peak - last with a paired interval.

    The peak is chosen on the same problems, which makes the drop a little too large. `falls`: low > 0.
    """

    task: str
    method: str
    peak_n: int
    peak: float
    last_n: int
    last: float
    drop: float
    low: float
    high: float
    falls: bool


def over_optimisation(task: str, curve: ResampledCurve) -> OverOptimisation | None:
    """The curve's peak against its largest n, with the peak chosen on the data; None for a single point.

    Choosing the peak on the data makes the drop a little too large.
    """
    if len(curve.ns) < 2:
        return None
    last = curve.ns.index(max(curve.ns))
    peak = int(curve.accuracy[0].argmax())
    low, high = (
        hull([point_ends(a, peak, b, last) for a, b in apart(curve, curve)]) if peak != last else (0.0, 0.0)
    )
    before, after = float(curve.accuracy[0, peak]), float(curve.accuracy[0, last])
    id = curve.series.method.id
    return OverOptimisation(
        task, id, curve.ns[peak], before, curve.ns[last], after, before - after, low, high, bool(low > 0)
    )
