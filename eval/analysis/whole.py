"""Puts the parts of the analysis together, group by group (a group is one task, or all of them pooled)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.analysis.shape import Analysis
from eval.analysis.tables import Stage, read_groups

RESAMPLES = 2_000


def whole(
    stages: Sequence[Stage],
    *,
    cost: str,
    seed: int,
    resamples: int,
    stated: Sequence[float],
    fixed: Mapping[str, float],
) -> Analysis:
    """See `eval.analysis.analyse`."""
    groups = read_groups(stages, cost)
    methods = tuple(dict.fromkeys(s.method for group in groups for s in group.series))
    return Analysis(cost, seed, resamples, methods)
