"""Every method against one reference at their largest n: paired, Holm over the methods, with power.

The reference of a stage is self_consistency, else greedy; a method of a later stage is also compared with
the same method of the first stage (tuned against base).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.compute.power import detectable, problems_needed
from eval.analysis.inputs.outcomes import Group, Method, MethodSeries
from lab.statistics.bounds import widened_difference
from lab.statistics.means import clustered_error, holm, paired_difference, problem_error

Z95 = 1.959963984540054
PREFERRED = ("self_consistency", "greedy")


@dataclass(frozen=True, slots=True)
class ReferenceComparison:
    """Accuracy of `method` at its largest n minus the reference's at its own, paired; Holm's correction over
    methods.

    `sd`: of the paired differences. `detectable`: the smallest difference that this many problems can show
    with 80 % power; `needed`: problems to show the observed difference (None if it is 0).
    """

    task: str
    method: str
    reference: str
    n: int
    reference_n: int
    problems: int
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    sd: float
    detectable: float
    needed: int | None


def references(methods: Sequence[Method]) -> dict[str, str]:
    """method id -> the id of its stage's reference, for the stages with a reference."""
    by_id = {m.id for m in methods}
    found = {}
    for method in methods:
        names = [f"{method.stage}/{name}" for name in PREFERRED]
        if reference := next((name for name in names if name in by_id), None):
            found[method.id] = reference
    return found


def tuned_pairs(methods: Sequence[Method]) -> dict[str, str]:
    """method id of a later stage -> the same strategy of the first."""
    first = {m.strategy: m.id for m in methods if m.stage == methods[0].stage}
    return {m.id: first[m.strategy] for m in methods if m.stage != methods[0].stage and m.strategy in first}


def comparisons(group: Group, of: Mapping[str, str], seed: int) -> list[ReferenceComparison]:
    """One row per method and its reference, without ceilings; Holm's p over all of them."""
    series = {s.method.id: s for s in group.series if not s.method.ceiling}
    pairs = [(m, r) for m, r in of.items() if m in series and r in series and m != r]
    rows = [_row(group, series[m], series[r], seed) for m, r in pairs]
    adjusted = holm([row["p"] for row in rows])
    return [ReferenceComparison(**row, p_holm=p) for row, p in zip(rows, adjusted, strict=True)]


def _row(group: Group, method: MethodSeries, reference: MethodSeries, seed: int) -> dict[str, Any]:
    a, b = reference.accuracy[:, -1], method.accuracy[:, -1]
    clusters, size = group.clusters.tolist(), len(a)
    d = paired_difference(a.tolist(), b.tolist(), clusters, seed=seed)
    if group.every:
        names = group.every.clusters.tolist()
        before, after = (_last(group.every, s.method) for s in (reference, method))
        d = widened_difference(d, before, after, names, seed=seed)
    tied = 2 <= len(set(clusters)) < size
    error = clustered_error((b - a).tolist(), clusters) if tied else problem_error((b - a).tolist())
    if not error > 1e-12:  # equal everywhere, or one problem: this says nothing about other problems
        error = (d.high - d.low) / 2 / Z95
    sd = error * size**0.5
    return {
        "task": group.task,
        "method": method.method.id,
        "reference": reference.method.id,
        "n": method.ns[-1],
        "reference_n": reference.ns[-1],
        "problems": size,
        "difference": d.mean,
        "low": d.low,
        "high": d.high,
        "p": d.p,
        "sd": sd,
        "detectable": detectable(size, sd),
        "needed": problems_needed(d.mean, sd) if size > 1 else None,
    }


def _last(group: Group, method: Method) -> list[float]:
    """A method's accuracies at its largest n."""
    (series,) = (s for s in group.series if s.method == method)
    accuracies: list[float] = series.accuracy[:, -1].tolist()
    return accuracies
