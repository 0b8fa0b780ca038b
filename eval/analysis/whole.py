"""Puts the parts of the analysis together, group by group (a group is one task, or all of them pooled)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval.analysis.compute import curves as curve
from eval.analysis.compute.amortise import amortised
from eval.analysis.compute.gaps import oracle_gaps, over_optimisation
from eval.analysis.compute.pairs import compared, references, tuned_pairs
from eval.analysis.compute.pareto import front
from eval.analysis.compute.ratios import at_best, at_stated
from eval.analysis.inputs.pools import KINDS, CandidatePool, base_pools, read_pools
from eval.analysis.inputs.tables import EvaluatedStage, Group, read_groups
from eval.analysis.sampling.coverage import coverage
from eval.analysis.sampling.difficulty import difficulty, first_pass_1
from eval.analysis.sampling.unpredictability import unpredictability
from eval.analysis.sampling.verifiers import false_positives, verification_gap, verifier
from eval.analysis.shape import Analysis, Method
from lab.system.memory import give_back


def whole(
    stages: Sequence[EvaluatedStage],
    *,
    cost: str,
    seed: int,
    resamples: int,
    stated: Sequence[float],
    fixed: Mapping[str, float],
) -> Analysis:
    """See `eval.analysis.analyse`."""
    pools = [pool for stage in stages for pool in read_pools(stage)]
    give_back()
    found = _add(Analysis(cost, seed, resamples), _pools(pools, resamples, seed))
    pass_1 = first_pass_1(base_pools(pools))
    del pools
    give_back()
    methods: dict[Method, None] = {}
    for group in read_groups(stages, cost):
        methods |= dict.fromkeys(s.method for s in group.series)
        found = _add(found, _group(group, resamples, seed, stated, fixed, cost))
        found = _add(found, {"difficulty": difficulty(group, pass_1)})
    return replace(found, methods=tuple(methods))


def _add(found: Analysis, rows: Mapping[str, Sequence[Any]]) -> Analysis:
    joined: dict[str, Any] = {name: (*getattr(found, name), *more) for name, more in rows.items()}
    return replace(found, **joined)


def _group(
    group: Group,
    resamples: int,
    seed: int,
    stated: Sequence[float],
    fixed: Mapping[str, float],
    cost: str,
) -> dict[str, list[Any]]:
    """What a group's curves say."""
    drawn = curve.drawn_curves(group, resamples, seed)
    methods = [s.method for s in group.series]
    areas, task = curve.areas(drawn), group.task
    rows = curve.rows(group, drawn, areas)
    honest = [c for c in drawn if not c.series.method.ceiling]
    pairs = [(a, b) for a in honest for b in honest if a is not b]
    own = references(methods)
    falls = [row for c in honest if (row := over_optimisation(task, c)) is not None]
    return {
        "curves": rows,
        "area_differences": curve.area_differences(group, areas, own),
        "ratios": [at_best(task, a, b) for a, b in pairs]
        + [at_stated(task, a, b, accuracy) for accuracy in stated for a, b in pairs],
        "front": front(rows, frozenset(m.id for m in methods if m.ceiling)),
        "gaps": oracle_gaps(task, drawn),
        "over_optimisation": falls,
        "compared": compared(group, own, seed) + compared(group, tuned_pairs(methods), seed),
        "amortised": _amortised(task, honest, fixed) if cost.startswith("flops") else [],
    }


def _amortised(task: str, honest: Sequence[curve.ResampledCurve], fixed: Mapping[str, float]) -> list[Any]:
    """Every tuned method against every curve of the untuned stages."""
    tuned = [c for c in honest if c.series.method.stage in fixed]
    base = [c for c in honest if c.series.method.stage not in fixed and len(c.ns) > 1]
    return [amortised(task, t, b, fixed[t.series.method.stage]) for t in tuned for b in base]


def _pools(pools: Sequence[CandidatePool], resamples: int, seed: int) -> dict[str, tuple[Any, ...]]:
    """What the pools of candidates say: each scorer once per pool, each pool's answers once."""
    bases = base_pools(pools)
    scored: dict[tuple[str, str, str], CandidatePool] = {}
    for pool in pools:
        if pool.scorer and pool.kind in KINDS:
            scored.setdefault((pool.stage, pool.task, pool.scorer), pool)
    others = [p for p in pools if p.kind not in KINDS]
    return {
        "verifiers": tuple(row for p in scored.values() if (row := verifier(p)) is not None),
        "false_positives": tuple(row for p in scored.values() for row in false_positives(p)),
        "verification_gaps": tuple(
            gap for p in scored.values() if (gap := verification_gap(p, seed=seed)) is not None
        ),
        "coverage": tuple(coverage(p) for p in bases),
        "unpredictability": tuple(unpredictability(p, resamples, seed) for p in (*bases, *others)),
    }
