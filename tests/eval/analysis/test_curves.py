"""Curves, areas, ratios and fronts against closed forms, brute force and simulations with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.analysis.compute.areas import area
from eval.analysis.compute.curves import Curve, CurvePoint
from eval.analysis.compute.pareto import front
from eval.analysis.compute.ratios import at_best, at_stated
from eval.analysis.compute.resampled_curves import ResampledCurve, reach, resampled_curves
from eval.analysis.inputs.outcomes import Group, Method, MethodSeries
from lab.statistics.bootstrap import draws, interval, means


def series(name: str, accuracy: np.ndarray, cost: np.ndarray) -> MethodSeries:
    ns = tuple(range(1, accuracy.shape[1] + 1))
    method = Method(f"s/{name}", "s", "m", name, "", False)
    return MethodSeries(method, ns, ("derived",) * len(ns), accuracy, cost)


def curves(
    *of: MethodSeries, resamples: int = 500, seed: int = 0, clusters: np.ndarray | None = None
) -> list[ResampledCurve]:
    size = len(of[0].accuracy)
    ids = tuple(("t", str(i)) for i in range(size))
    group = Group("t", ids, np.arange(size) if clusters is None else clusters, of)
    return resampled_curves(group, resamples, seed)


def test_area_is_the_integral_over_log_cost() -> None:
    x, y = np.log10([1.0, 10.0, 100.0]), np.array([0.0, 1.0, 1.0])
    assert area(x, y, 0.0, 2.0) == pytest.approx((0.5 + 1.0) / 2)
    assert area(x, y, 0.5, 1.0) == pytest.approx(0.75)
    fine = np.linspace(0.3, 1.7, 200_001)
    assert area(x, y, 0.3, 1.7) == pytest.approx(np.interp(fine, x, y).mean(), abs=1e-5)


def test_reach_interpolates_in_log_cost_and_never_beyond_the_end() -> None:
    x, y = np.log10([[1.0, 100.0, 1000.0]] * 4), np.array([[0.2, 0.6, 0.5]] * 4)
    found = reach(x, y, np.array([0.4, 0.1, 0.6, 0.61]))
    assert found[:3] == pytest.approx([1.0, 0.0, 2.0])
    assert found[3] == np.inf


def test_means_equal_a_loop_over_resampled_problems() -> None:
    rng = np.random.default_rng(0)
    values, clusters = rng.random((12, 3)), np.arange(12) % 5
    drawn = draws(clusters, 20, 1)
    found, (every,) = means(values, drawn), drawn.clusters()
    assert found[0] == pytest.approx(values.mean(axis=0)), "row 0 is the data"
    for row, counts in zip(found[1:], every[1:], strict=True):
        rows = np.concatenate([np.flatnonzero(clusters == g) for g in range(5) for _ in range(counts[g])])
        assert row == pytest.approx(values[rows].mean(axis=0))


def test_a_method_at_half_the_cost_has_ratio_two() -> None:
    rng = np.random.default_rng(1)
    accuracy = np.sort(rng.random((50, 4)), axis=1)
    cost = np.arange(1, 5) * np.ones((50, 1))
    a, b = curves(series("a", accuracy, cost), series("b", accuracy, 2 * cost))
    found = at_best("t", a, b)
    assert (found.ratio, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))
    assert at_best("t", b, a).ratio == pytest.approx(0.5)
    assert found.not_reached == 0.0


def test_what_is_never_reached_has_no_ratio_and_an_open_interval() -> None:
    cost = np.arange(1, 3) * np.ones((40, 1))
    a, b = curves(series("a", np.full((40, 2), 0.2), cost), series("b", np.full((40, 2), 0.5), cost))
    found = at_best("t", a, b)
    assert (found.cost, found.ratio, found.low, found.high, found.not_reached) == (
        None,
        None,
        None,
        None,
        1.0,
    )
    neither = at_stated("t", a, b, 0.9)
    assert (neither.ratio, neither.low, neither.high) == (None, None, None)
    assert at_stated("t", b, a, 0.4).ratio is None, "the reference never gets there: no number for that"


def test_ratio_open_below_when_some_draws_do_not_reach_it() -> None:
    rng = np.random.default_rng(2)
    base = rng.random((60, 1)) < 0.2
    cost = np.array([1.0, 10.0]) * np.ones((60, 1))
    better = np.hstack([base, rng.random((60, 1)) < 0.55]).astype(float)
    other = np.hstack([base, rng.random((60, 1)) < 0.5]).astype(float)
    a, b = curves(series("a", better, cost), series("b", other, cost))
    found = at_best("t", a, b)
    assert 0.025 < found.not_reached < 1
    assert found.low is None


def test_ratio_interval_covers_the_truth() -> None:
    """True curves are lines in log cost; A costs 3 times less."""
    x = np.log10([1.0, 2.0, 4.0, 8.0, 16.0])
    hits = 0
    for trial in range(120):
        rng = np.random.default_rng(trial)
        level = rng.normal(0.0, 0.1, size=(150, 1))
        noise = rng.normal(0, 0.1, size=(2, 150, 5))
        truth = 0.2 + 0.3 * x
        a = series("a", truth + level + noise[0], 10**x / 3 * np.ones((150, 1)))
        b = series("b", truth + level + noise[1], 10**x * np.ones((150, 1)))
        found = at_stated("t", *curves(a, b, resamples=300, seed=trial), 0.35)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 3 <= found.high
    assert 0.88 <= hits / 120 <= 1.0


def test_intervals_widen_for_few_clusters() -> None:
    values = np.random.default_rng(3).normal(size=20_000)
    assert interval(values, 10_000) == pytest.approx((-1.96, 1.96), abs=0.06)
    low, high = interval(values, 5)
    assert high - low > 1.5 * 3.92
    assert np.isnan(interval(values, 1)[0])


def test_copies_of_problems_in_clusters_do_not_sharpen_anything() -> None:
    accuracy = np.random.default_rng(4).random((30, 2))
    one = curves(series("a", accuracy, np.ones((30, 2))))[0]
    copied = np.repeat(accuracy, 10, axis=0)
    ten = curves(series("a", copied, np.ones((300, 2))), clusters=np.repeat(np.arange(30), 10))[0]
    assert ten.accuracy == pytest.approx(one.accuracy)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_front_equals_brute_force(points: list[tuple[int, int]]) -> None:
    rows = tuple(CurvePoint(i, "derived", c, a / 10, 0, 1) for i, (c, a) in enumerate(points))
    none = (None, None, None, None, None)
    found = front(
        [Curve("t", "m", 1, 1, rows, *none), Curve("t", "top", 1, 1, rows, *none)], frozenset(["top"])
    )
    best = {
        (c, a / 10) for c, a in points if not any((d <= c and b > a) or (d < c and b >= a) for d, b in points)
    }
    assert {(p.cost, p.accuracy) for p in found} == best
    assert {p.method for p in found} == {"m"}
    assert [p.cost for p in found] == sorted(p.cost for p in found)
