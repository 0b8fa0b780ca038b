"""Answers that failed: every interval holds whatever they would have been, and without them nothing changes.

The right ends are those of the same analysis with the failed answers written as wrong and as right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from itertools import product
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from analysis_world import write_stage
from self_knowledge_world import outcome, refusal, reply, row, thread, write

from eval.analysis import Analysis, EvaluatedStage, analyse
from eval.analysis.compute.data_scaling import data_scaling
from eval.analysis.compute.resampled_curves import resampled_curves
from eval.analysis.generalisation import generalisation
from eval.analysis.inputs.answers import StrategyAnswer, read_strategy_answers
from eval.analysis.inputs.outcomes import read_groups
from eval.analysis.self_knowledge.confidence.differences import differences_of
from eval.analysis.self_knowledge.confidence.selective_prediction import rows_of as confidence_of
from eval.analysis.self_knowledge.correction import corrections_of
from eval.analysis.self_knowledge.equal_compute import equal_compute_of
from eval.analysis.self_knowledge.estimate import IntervalEstimate, rate, share
from eval.analysis.self_knowledge.hallucination import detection
from eval.analysis.self_knowledge.hallucination import rows_of as rates_of
from eval.analysis.self_knowledge.phrasings import admissions_of, phrasings_of
from eval.analysis.self_knowledge.refusals import comparisons_of
from lab.statistics.bounds import bounded_difference, bounded_mean
from lab.statistics.means import mean_interval, paired_difference

LOST = range(3)
"""The problems whose answers fail."""
ROLES = ("draft", "revision")


def failed(problem: object, **more: Any) -> StrategyAnswer:
    return reply(problem, nan, failed=True, value=None, **more)


def estimates(found: Any, name: str = "") -> Iterator[tuple[str, IntervalEstimate]]:
    """Every estimate in a row, by its path."""
    if isinstance(found, IntervalEstimate):
        yield name, found
    elif is_dataclass(found):
        for f in fields(found):
            yield from estimates(getattr(found, f.name), f"{name}.{f.name}")
    elif isinstance(found, tuple):
        for i, each in enumerate(found):
            yield from estimates(each, f"{name}[{i}]")


def holds(found: Any, world: Any) -> None:
    """No value of the world is outside of its interval; bins of a diagram are not the same in both."""
    other = dict(estimates(world))
    for name, mine in estimates(found):
        value = other.get(name, IntervalEstimate()).value
        if mine.low is not None and mine.high is not None and value is not None and "reliability" not in name:
            assert mine.low - 1e-9 <= value <= mine.high + 1e-9, (name, mine, value)


def test_means_and_differences_by_hand() -> None:
    values, other = [1.0, 0.0, 1.0, 1.0, nan, 0.0, 1.0, nan], [0.0, 0.0, 1.0, 0.0, 1.0, nan, 0.0, nan]
    known = [v for v in values if not isnan(v)]
    wrong, right = ([gap if isnan(v) else v for v in values] for gap in (0.0, 1.0))
    found = bounded_mean(values)
    assert (found.mean, found.n) == (mean_interval(known).mean, 6)
    assert found.low == min(mean_interval(known).low, mean_interval(wrong).low)
    assert found.high == max(mean_interval(known).high, mean_interval(right).high)
    assert bounded_mean(known) == mean_interval(known)
    change = bounded_difference(values, other)
    plain = paired_difference([1, 0, 1, 1, 1], [0, 0, 1, 0, 0])
    least = paired_difference([1, 0, 1, 1, 1, 0, 1, 1], [0, 0, 1, 0, 1, 0, 0, 0])
    most = paired_difference([1, 0, 1, 1, 0, 0, 1, 0], [0, 0, 1, 0, 1, 1, 0, 1])
    assert (change.n, change.mean) == (5, pytest.approx(-3 / 5))
    assert (change.low, change.high) == (min(plain.low, least.low), most.high)
    assert change.p == 1, "it could be either way"


def test_a_conditional_share_by_enumeration() -> None:
    """Unknown members and values: the ends are those of the worst and the best completion."""
    values, chosen = [1.0, 0.0, nan, 1.0, 0.0, 1.0, nan, 1.0], [1.0, 1.0, 1.0, nan, nan, 0.0, nan, 1.0]
    found = rate(values, chosen, range(8))
    assert found.value == pytest.approx(2 / 3)
    worlds = []
    for filling in product((0.0, 1.0), repeat=5):
        free = iter(filling)
        v, c = ([next(free) if isnan(x) else x for x in side] for side in (values, chosen))
        worlds.append(share([a for a, b in zip(v, c, strict=True) if b], range(int(sum(c)))))
    assert found.low == min(w.low for w in worlds)
    assert found.high == max(w.high for w in worlds)


def test_precision_recall_and_f1_by_enumeration() -> None:
    said, right = [1.0, 1.0, 0.0, 0.0, 1.0, nan, nan], [1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    found = detection(said, right, range(7))
    worlds = [detection([*said[:5], *end], right, range(7)) for end in product((0.0, 1.0), repeat=2)]
    for name in ("precision", "recall", "f1"):
        ends = [getattr(w, name) for w in worlds]
        assert getattr(found, name).low == min(e.low for e in ends), name
        assert getattr(found, name).high == max(e.high for e in ends), name


def some(gone: Callable[[int], StrategyAnswer], strategy: str = "s") -> list[StrategyAnswer]:
    """24 answers to questions of which every third has no answer; those to LOST are `gone`."""
    rows = []
    for i in range(24):
        more = {"strategy": strategy, "confidence": (i % 10) / 10 + 0.05, "answerable": i % 3 > 0}
        more["drafts"] = [("x", i % 2)]
        plain = refusal(i, right=i % 3 == 0, **more) if i % 4 == 0 else reply(i, float(i % 5 > 1), **more)
        rows.append(gone(i) if i in LOST else plain)
    return rows


def ways(strategy: str = "s") -> list[list[StrategyAnswer]]:
    """What the answers to LOST might have been: refusals or answers, right or wrong, sure or not."""
    found = []
    for knows, correct, sure in product((True, False, None), (0.0, 1.0), (0.0, 1.0)):

        def gone(
            i: int, knows: bool | None = knows, correct: float = correct, sure: float = sure
        ) -> StrategyAnswer:
            more = {"strategy": strategy, "answerable": i % 3 > 0, "confidence": sure, "drafts": [("x", 0)]}
            if correct and (knows is None or knows == (i % 3 == 0)):
                return refusal(i, right=i % 3 == 0, **more)
            return reply(i, correct * (i % 3 > 0), **more)

        found.append(some(gone, strategy))
    return found


def lost(i: int, strategy: str = "s") -> StrategyAnswer:
    return failed(i, strategy=strategy, answerable=i % 3 > 0)


def test_hallucination_abstention_and_admission() -> None:
    rows = some(lost)
    (found,), (plain,) = rates_of("b", {"s": rows}), rates_of("b", {"s": rows[len(LOST) :]})
    assert (found.failed, found.problems) == (3, 21)
    worlds = [rates_of("b", {"s": replies})[0] for replies in ways()]
    for name in ("accuracy", "hallucination", "abstention", "accuracy_answerable", "accuracy_answered"):
        mine, ends = getattr(found, name), [getattr(w, name) for w in (plain, *worlds)]
        assert mine.value == getattr(plain, name).value
        assert (mine.low, mine.high) == (min(e.low for e in ends), max(e.high for e in ends)), name
    for name, mine in estimates(found):
        assert mine.value == dict(estimates(plain))[name].value
    for replies, world in zip(ways(), worlds, strict=True):
        holds(found, world)
        holds(admissions_of("b", {"s": rows})[0], admissions_of("b", {"s": replies})[0])


def test_confidence() -> None:
    rows = some(lost)
    (found,), (plain,) = confidence_of("b", {"s": rows}), confidence_of("b", {"s": rows[len(LOST) :]})
    assert (found.answers, found.auroc.value, found.aurc.value) == (
        plain.answers,
        plain.auroc.value,
        plain.aurc.value,
    )
    assert found.auroc.low < plain.auroc.low
    assert found.aurc.high > plain.aurc.high
    for world in ways():
        holds(found, confidence_of("b", {"s": world})[0])
    assert found.brier.high > plain.brier.high


def test_differences_of_confidence() -> None:
    def both(rows: list[StrategyAnswer]) -> dict[str, list[StrategyAnswer]]:
        other = [reply(i, float(i % 2), strategy="o", confidence=(i % 7) / 7) for i in range(24)]
        return {"s": rows, "o": other}

    rows = some(lost)
    found, plain = (differences_of("b", both(r), resamples=500) for r in (rows, rows[len(LOST) :]))
    for mine, was in zip(found, plain, strict=True):
        assert mine.difference == pytest.approx(was.difference)
        assert mine.low <= was.low
        assert mine.high >= was.high
        assert mine.p >= was.p
        for world in ways():
            other = {r.metric: r for r in differences_of("b", both(world), resamples=10)}
            assert mine.low <= other[mine.metric].difference <= mine.high


def test_refusals_against_a_base() -> None:
    base = [reply(i, float(i % 2), strategy="greedy", answerable=i % 3 > 0) for i in range(24)]
    (found,) = comparisons_of([("b", {"greedy": base, "s": some(lost)})])
    (plain,) = comparisons_of([("b", {"greedy": base, "s": some(lost)[len(LOST) :]})])
    assert (found.problems, found.hallucination.difference) == (21, plain.hallucination.difference)
    for world in ways():
        (other,) = comparisons_of([("b", {"greedy": base, "s": world})])
        holds(found, other)
        assert found.hallucination.low <= other.hallucination.difference <= found.hallucination.high
        assert found.accuracy.low <= other.accuracy.difference <= found.accuracy.high


def corrected(problem: int, before: float, after: float) -> StrategyAnswer:
    drafts = [(str(before), before), (str(after), after)]
    return reply(problem, after, drafts=drafts, roles=ROLES, kind="self_refine", value=str(after))


def test_corrections() -> None:
    """38 threads are known, two failed: each end is that of the two at their worst or best."""
    pairs = [(0.0, 1.0)] * 9 + [(1.0, 0.0)] * 2 + [(1.0, 1.0)] * 15 + [(0.0, 0.0)] * 12
    rows = [corrected(i, a, b) for i, (a, b) in enumerate(pairs)]
    gone = [failed(i, kind="self_refine") for i in (38, 39)]
    (plain,), (found,) = (corrections_of("b", {"s": r}) for r in (rows, rows + gone))
    cases = list(product((0.0, 1.0), repeat=2))
    worlds = [corrections_of("b", {"s": rows + [corrected(i, *c) for i in (38, 39)]})[0] for c in cases]
    assert (found.problems, found.failed, found.flow) == (38, 2, plain.flow)
    named = dict(estimates(found))
    assert {".first", ".final", ".delta", ".gained", ".lost", ".gained_of_wrong", ".lost_of_right"} <= set(
        named
    )
    for name, mine in named.items():
        ends = [dict(estimates(w))[name] for w in (plain, *worlds)]
        assert mine.value == ends[0].value, name
        assert mine.low == pytest.approx(min(e.low for e in ends)), name
        assert mine.high == pytest.approx(max(e.high for e in ends)), name
    assert found.p == max(c.p for c in (plain, *worlds))
    assert mean_interval([a for a, _ in pairs] + [0.0, 0.0]).low == found.first.low


def test_a_correction_at_equal_compute(tmp_path: Path) -> None:
    def stage(name: str, right: bool | None) -> Any:
        rows = []
        for i in range(30):
            ok = i % 3 == 0 if i > 1 else right
            more = {"failed": ok is None, "trace": thread(2), "candidates": [("1", i % 2 == 0), ("1", ok)]}
            more |= {"candidates": [], "trace": {}} if ok is None else {}
            rows.append(row(i, "fix", "self_refine", ok, **more))
            rows.append(row(i, "self_consistency", "self_consistency", i % 4 == 0))
        points = [
            outcome(i, "self_consistency", n, float((i + n) % 3 == 0), 25.0 * n)
            for i in range(30)
            for n in (1, 4)
        ]
        made = write(tmp_path / name, rows, points)
        return equal_compute_of(made, read_strategy_answers(made))

    found, wrong, right = (stage(name, ok) for name, ok in (("a", None), ("b", False), ("c", True)))
    assert len(found) == len(wrong) > 0
    for mine, low, high in zip(found, wrong, right, strict=True):
        assert mine.problems == 28
        if mine.baseline_accuracy is not None and low.n_low == mine.n_low == high.n_low:
            assert mine.low <= low.difference <= high.difference <= mine.high
            assert mine.high - mine.low > high.high - high.low


def test_phrasings_of_a_fact_that_failed() -> None:
    rows = [reply(i, 1.0, meta={"fact": i // 2}, value=f"{i // 4}") for i in range(40)]
    gone = [failed(40, meta={"fact": 20}), reply(41, 1.0, meta={"fact": 20})]
    (plain,), (found,) = (phrasings_of("b", {"s": r}) for r in (rows, rows + gone))
    assert (found.facts, found.problems, found.same.value) == (20, 40, plain.same.value)
    wrong = mean_interval([1.0] * 20 + [0.0])
    assert found.same.low == found.all_same.low == min(wrong.low, plain.same.low)


def stages(folder: Path, missing: float | None, n: int = 8) -> list[EvaluatedStage]:
    """A stage whose self_consistency has `missing` for LOST (None: as it was drawn); all costs are alike."""
    stage = write_stage(folder, problems=40, n=n)
    path = folder / "outcomes.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    for r in rows:
        r["flops_shared"] = r["n"] * 1e9
        if missing is not None and r["strategy"] == "self_consistency":
            r["accuracy"] = missing if int(r["problem_id"].split("-")[1]) in LOST else r["accuracy"]
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    return [stage]


def analysed(folder: Path, missing: float | None) -> Analysis:
    return analyse(stages(folder, missing), resamples=200, stated=[0.4])


def ends(row: Any, low: str = "low", high: str = "high") -> tuple[float, float]:
    """The ends of an interval; None is open."""
    values = getattr(row, low), getattr(row, high)
    return (-inf if values[0] is None else values[0]), (inf if values[1] is None else values[1])


def test_curves_areas_ratios_and_comparisons(tmp_path: Path) -> None:
    """Only one method failed, on three problems: the ends are the outermost of all wrong and all right."""
    found, *worlds = (analysed(tmp_path / str(m), m) for m in (nan, 0.0, 1.0))
    assert found.curves[0].problems == 37

    def check(name: str, *pair: str) -> None:
        rows, *others = (getattr(a, name) for a in (found, *worlds))
        assert rows, name
        for mine, *other in zip(rows, *others, strict=True):
            low, high = ends(mine, *pair)
            assert low <= min(ends(o, *pair)[0] for o in other) + 1e-12, (name, mine)
            assert high >= max(ends(o, *pair)[1] for o in other) - 1e-12, (name, mine)

    check("area_differences")
    check("gaps")
    check("difficulty")
    check("over_optimisation")
    for mine, *other in zip(found.curves, *(w.curves for w in worlds), strict=True):
        if "self_consistency" in mine.method:
            assert mine.area_low == min(o.area_low for o in (mine, *other))
            assert mine.area_low == pytest.approx(other[0].area_low)
            assert mine.area_high == pytest.approx(other[1].area_high)
            assert mine.area_low < mine.area < mine.area_high
        for i, point in enumerate(mine.points):
            assert point.low <= min(o.points[i].low for o in other) + 1e-12
            assert point.high >= max(o.points[i].high for o in other) - 1e-12
    for mine, *other in zip(found.compared, *(w.compared for w in worlds), strict=True):
        assert mine.problems == 37
        assert mine.low <= min(o.low for o in other)
        assert mine.high >= max(o.high for o in other)
        assert mine.p >= max(o.p for o in other)
    key = {(r.method, r.reference, r.at, r.n): r for r in found.ratios}
    for other in (r for w in worlds for r in w.ratios):
        mine = key.get((other.method, other.reference, other.at, other.n))
        if mine and mine.ratio and other.ratio:
            assert ends(mine)[0] <= other.ratio * (1 + 1e-9)
            assert ends(mine)[1] >= other.ratio * (1 - 1e-9)


def test_a_stage_without_failures_is_not_widened(tmp_path: Path) -> None:
    (group,) = read_groups(stages(tmp_path, None), "seconds")
    assert group.worlds() == ()
    assert all(curve.worlds == () for curve in resampled_curves(group, 10, 0))


def test_verifiers(tmp_path: Path) -> None:
    """A failed plan has no samples: they may have been all right or all wrong, scored best or worst."""
    folder = tmp_path / "a"
    plain = analyse([write_stage(folder, problems=40, n=8)], resamples=50)
    path = folder / "answers.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    for r in rows:
        if r["kind"] == "best_of_n" and int(r["problem_id"].split("-")[1]) in LOST:
            r |= {"failed": True, "candidates": []}
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    (found,), (before,) = (
        analyse([EvaluatedStage("base", "fake", folder)], resamples=50).verifiers,
        plain.verifiers,
    )
    assert found.problems == 37
    assert found.pooled_low < before.pooled_low
    assert found.pooled_high > before.pooled_high
    assert found.within_low < before.within_low
    assert found.within_high > before.within_high
    (gap,) = analyse([EvaluatedStage("base", "fake", folder)], resamples=50).verification_gaps
    (was,) = plain.verification_gaps
    assert gap.high - gap.low > was.high - was.low


def results(values: list[float]) -> dict[str, tuple[float, str]]:
    return {f"p{i}": (v, f"p{i}") for i, v in enumerate(values)}


def test_gains_by_set() -> None:
    same, other = [1.0, 0.0, 1.0, 1.0] * 10, [0.0, 1.0, 0.0, 1.0] * 10
    base = {"same": results([0.0, 0.0, 1.0, 0.0] * 10), "other": results([0.0] * 40)}

    def rows(gap: float) -> list[Any]:
        new = {"same": results(same), "other": results([gap, gap, *other[2:]])}
        return generalisation("m", "g", new, "same", "b", base)

    (_, found), (_, wrong), (_, right) = rows(nan), rows(0.0), rows(1.0)
    rest = {id: pair for id, pair in results(other).items() if id not in ("p0", "p1")}
    assert (found.problems, found.paired) == (38, 38)
    assert found.low == min(found.low, wrong.low)
    assert found.high == right.high
    assert (found.gain_low, found.gain_high) == (wrong.gain_low, right.gain_high)
    _, plain = generalisation("m", "g", {"same": results(same), "other": rest}, "same", "b", base)
    worlds = (plain, wrong, right)
    for name in ("drop", "gap", "transfer"):
        assert getattr(found, name) == getattr(plain, name)
        for end, outermost in (("low", min), ("high", max)):
            assert getattr(found, f"{name}_{end}") == outermost(getattr(w, f"{name}_{end}") for w in worlds)


def test_data_scaling() -> None:
    def fitted(gap: float) -> Any:
        known = {n: [float(i < 30 - 200 / n) for i in range(38)] for n in (10, 20, 40, 80)}
        made = [(n, results([gap, gap, *values])) for n, values in known.items()]
        return data_scaling("t", "f", "greedy", made)

    found, wrong, right = fitted(nan), fitted(0.0), fitted(1.0)
    assert found.problems == 38
    assert (found.a_low, found.a_high) == (min(found.a_low, wrong.a_low), right.a_high)
    for mine, low, high in zip(found.sizes, wrong.sizes, right.sizes, strict=True):
        assert (mine.low, mine.high) == (low.low, high.high)
