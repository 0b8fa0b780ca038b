"""The rows of every question about inference-time compute, over finished evaluate stages, group by group.

A group is one task, or all of them pooled (`all`). A question is one module with its rows, which are plain,
frozen, flat and JSON-able through `dataclasses.asdict`. None means that there is no value (not reached, open
end, too little data). Rows refer to their methods by id; `Analysis.methods` describes the ids. Costs are
means per problem in the unit of `Analysis.cost`. Intervals are 95 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.analysis.compute.amortisation import Amortised, amortised
from eval.analysis.compute.areas import AreaDifference, area_differences, areas
from eval.analysis.compute.comparisons import ReferenceComparison, comparisons, references, tuned_pairs
from eval.analysis.compute.curves import Curve, rows
from eval.analysis.compute.gaps import Gap, oracle_gaps
from eval.analysis.compute.over_optimisation import OverOptimisation, over_optimisation
from eval.analysis.compute.pareto import FrontPoint, front
from eval.analysis.compute.ratios import Ratio, at_best, at_stated
from eval.analysis.compute.resampled_curves import ResampledCurve, resampled_curves
from eval.analysis.inputs.outcomes import EvaluatedStage, Group, Method, read_groups
from eval.analysis.inputs.pools import KINDS, CandidatePool, base_pools, read_pools
from eval.analysis.sampling.coverage import Coverage, coverage
from eval.analysis.sampling.difficulty import DifficultyBin, difficulty, first_pass_1
from eval.analysis.sampling.false_positives import FalsePositives, false_positives
from eval.analysis.sampling.unpredictability import Unpredictability, unpredictability
from eval.analysis.sampling.verification_gap import VerificationGap, verification_gap
from eval.analysis.sampling.verifiers import Verifier, verifier
from lab.statistics.bootstrap import RESAMPLES
from lab.system.process import give_back


@dataclass(frozen=True, slots=True)
class Analysis:
    """The rows of every question. There are amortised rows only if fixed costs are known."""

    cost: str
    seed: int
    resamples: int
    methods: tuple[Method, ...] = ()
    curves: tuple[Curve, ...] = ()
    area_differences: tuple[AreaDifference, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    front: tuple[FrontPoint, ...] = ()
    gaps: tuple[Gap, ...] = ()
    verification_gaps: tuple[VerificationGap, ...] = ()
    over_optimisation: tuple[OverOptimisation, ...] = ()
    verifiers: tuple[Verifier, ...] = ()
    false_positives: tuple[FalsePositives, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    difficulty: tuple[DifficultyBin, ...] = ()
    compared: tuple[ReferenceComparison, ...] = ()
    unpredictability: tuple[Unpredictability, ...] = ()
    amortised: tuple[Amortised, ...] = ()


def analyse(
    stages: Sequence[EvaluatedStage],
    *,
    cost: str = "flops_shared",
    seed: int = 0,
    resamples: int = RESAMPLES,
    stated: Sequence[float] = (),
    fixed: Mapping[str, float] | None = None,
) -> Analysis:
    """Analyses finished evaluate stages.

    `cost`: the column of outcomes.parquet on the x-axis, or "tokens" (prompt and generated). `stated`:
    accuracies for which ratios are computed in addition to the reference's best. `fixed`: stage name -> FLOPs
    of generating its data and training its model, for the stages with a tuned model; the methods of the
    others are their base. Raises InputError for a missing file or an unknown cost.
    """
    pools = [pool for stage in stages for pool in read_pools(stage)]
    give_back()
    found = _add(Analysis(cost, seed, resamples), _pools(pools, resamples, seed))
    pass_1 = first_pass_1(base_pools(pools))
    del pools
    give_back()
    methods: dict[Method, None] = {}
    for group in read_groups(stages, cost):
        methods |= dict.fromkeys(s.method for s in group.series)
        found = _add(found, _group(group, resamples, seed, stated, fixed or {}, cost))
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
    """The rows from a group's curves."""
    drawn = resampled_curves(group, resamples, seed)
    methods = [s.method for s in group.series]
    found, task = areas(drawn), group.task
    curves = rows(group, drawn, found)
    honest = [c for c in drawn if not c.series.method.ceiling]
    pairs = [(a, b) for a in honest for b in honest if a is not b]
    own = references(methods)
    falls = [row for c in honest if (row := over_optimisation(task, c)) is not None]
    return {
        "curves": curves,
        "area_differences": area_differences(group, found, own),
        "ratios": [at_best(task, a, b) for a, b in pairs]
        + [at_stated(task, a, b, accuracy) for accuracy in stated for a, b in pairs],
        "front": front(curves, frozenset(m.id for m in methods if m.ceiling)),
        "gaps": oracle_gaps(task, drawn),
        "over_optimisation": falls,
        "compared": comparisons(group, own, seed) + comparisons(group, tuned_pairs(methods), seed),
        "amortised": _amortised(task, honest, fixed) if cost.startswith("flops") else [],
    }


def _amortised(task: str, honest: Sequence[ResampledCurve], fixed: Mapping[str, float]) -> list[Any]:
    """Every tuned method against every curve of the untuned stages."""
    tuned = [c for c in honest if c.series.method.stage in fixed]
    base = [c for c in honest if c.series.method.stage not in fixed and len(c.ns) > 1]
    return [amortised(task, t, b, fixed[t.series.method.stage]) for t in tuned for b in base]


def _pools(pools: Sequence[CandidatePool], resamples: int, seed: int) -> dict[str, tuple[Any, ...]]:
    """The rows from the pools of candidates: each scorer once per pool, each pool's answers once."""
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
