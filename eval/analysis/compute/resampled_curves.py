"""A method's accuracy-cost curve in every resample, and the cost of reaching an accuracy.

Between two points a curve is a straight line in log10 cost. Its points are in order of cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.analysis.inputs.outcomes import Group, MethodSeries
from lab.statistics.bootstrap import Draws, Means, draws
from lab.statistics.means import ends_apart
from lab.statistics.proportion import numbered, proportion


@dataclass(frozen=True, slots=True)
class ResampledCurve:
    """A curve and its resamples: row 0 is the data, the others the resamples; (1 + resamples, points) arrays.

    `of`: (problems,) the cluster of each. `worlds`: the same points with all missing answers wrong, and
    right; () if none of the group's are missing.
    """

    series: MethodSeries
    ns: tuple[int, ...]
    origins: tuple[str, ...]
    log_cost: Any
    accuracy: Any
    of: Any
    worlds: tuple[ResampledCurve, ...] = ()

    @property
    def groups(self) -> int:
        """The number of clusters."""
        return len(self.sizes)

    @property
    def sizes(self) -> Any:
        """(clusters,) the number of problems in each."""
        import numpy as np

        return np.unique(self.of, return_counts=True)[1]

    def accuracies(self, i: int) -> Any:
        """(problems,) the accuracies of the i-th point."""
        return self.series.accuracy[:, self.series.ns.index(self.ns[i])]

    def ends(self, i: int) -> tuple[float, float]:
        """The interval of the accuracy of the i-th point: a proportion's."""
        import numpy as np

        values = self.accuracies(i)
        known = ~np.isnan(values)
        return proportion(values[known].tolist(), self.of[known].tolist())


def resampled_curves(group: Group, resamples: int, seed: int) -> list[ResampledCurve]:
    """Every method's curve in the same resamples of the group's clusters; points without cost are left
    out.
    """
    import numpy as np

    found = []
    worlds = [_resampled(world, resamples, seed) for world in group.worlds()]
    for i, (series, cost, accuracy, of) in enumerate(_resampled(group, resamples, seed)):
        order = [int(n) for n in np.argsort(cost[0], kind="stable") if (cost[:, n] > 0).all()]
        others = tuple(_drawn(*world[i], order) for world in worlds)
        found.append(replace(_drawn(series, cost, accuracy, of, order), worlds=others))
    return [curve for curve in found if curve.ns]


def _resampled(group: Group, resamples: int, seed: int) -> list[tuple[MethodSeries, Any, Any, Any]]:
    """Every series with its costs and accuracies in all resamples, and the resampled clusters."""
    import numpy as np

    drawn = draws(group.clusters, resamples, seed)
    sums = [(_means(s.cost, drawn), _means(s.accuracy, drawn)) for s in group.series]
    blocks: list[list[tuple[Any, Any]]] = [[] for _ in group.series]
    for block in drawn.clusters():
        counts = block.astype(float)
        for parts, (cost, accuracy) in zip(blocks, sums, strict=True):
            parts.append((cost.under(counts), accuracy.under(counts)))
    whole = ([np.concatenate(column) for column in zip(*parts, strict=True)] for parts in blocks)
    return [(s, *pair, drawn.of) for s, pair in zip(group.series, whole, strict=True)]


def _means(values: Any, drawn: Draws) -> Means:
    return Means(values, drawn.of, drawn.groups)


def _drawn(series: MethodSeries, cost: Any, accuracy: Any, of: Any, order: Sequence[int]) -> ResampledCurve:
    """The curve of these points of a series."""
    import numpy as np

    ns, origins = tuple(series.ns[i] for i in order), tuple(series.origins[i] for i in order)
    return ResampledCurve(series, ns, origins, np.log10(cost[:, order]), accuracy[:, order], of)


def reach(log_cost: Any, accuracy: Any, target: Any) -> Any:
    """log10 cost at which each row's curve first reaches `target` (one per row); +inf if it never does.

    Linear between points; a curve that starts at or above the target costs its first point (at most).
    """
    import numpy as np

    there = accuracy >= np.asarray(target)[:, None] - 1e-12
    first = there.argmax(axis=1)
    row, before = np.arange(len(accuracy)), np.maximum(first - 1, 0)
    x0, x1, y0, y1 = log_cost[row, before], log_cost[row, first], accuracy[row, before], accuracy[row, first]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(first > 0, (target - y0) / np.where(y1 > y0, y1 - y0, 1.0), 1.0)
    return np.where(there.any(axis=1), x0 + np.clip(part, 0.0, 1.0) * (x1 - x0), np.inf)


def point_ends(a: ResampledCurve, i: int, b: ResampledCurve, j: int) -> tuple[float, float]:
    """The interval of point i of a minus point j of b, on the same problems."""
    import numpy as np

    d = a.accuracies(i) - b.accuracies(j)
    known = ~np.isnan(d)
    clusters = a.of[known].tolist()
    return ends_apart(d[known], numbered(clusters if len(set(clusters)) > 1 else range(len(clusters))))
