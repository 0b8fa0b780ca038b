"""The saturating law: it finds what made the data, says where that flattens, and does not overclaim."""

from __future__ import annotations

import random
from math import inf

import numpy as np
import pytest
from scipy.optimize import curve_fit

from eval.analysis.compute.data_scaling import GAIN, data_scaling, fit, flat_from

SIZES = (25, 50, 100, 200, 400, 800)


def results(law, problems=400, sizes=SIZES, seed=0):
    """Each problem has a threshold, so that larger sizes solve a superset of it, as paired runs nearly do."""
    rng = random.Random(seed)
    levels = [rng.random() for _ in range(problems)]
    return [(n, {f"p{i}": (float(level < law(n)), f"p{i}") for i, level in enumerate(levels)}) for n in sizes]


@pytest.mark.parametrize(("a", "b", "c"), [(0.6, 1.5, 0.6), (0.9, 0.8, 0.2), (0.3, 2.0, 1.0)])
def test_the_law_is_found_again(a, b, c):
    ns = np.array(SIZES, dtype=float)
    found = [float(x[0]) for x in fit(ns, (a - b * ns**-c)[None])]
    assert found == pytest.approx([a, b, c], rel=0.06)


def test_it_is_the_least_squares_fit():
    ns = np.array(SIZES, dtype=float)
    y = 0.5 - 1.2 * ns**-0.5 + np.random.default_rng(0).normal(0, 0.01, len(ns))
    a, b, c = (float(x[0]) for x in fit(ns, y[None]))
    peer, _ = curve_fit(lambda n, a, b, c: a - b * n**-c, ns, y, p0=(0.5, 1, 0.5), maxfev=10_000)
    mine = ((a - b * ns**-c - y) ** 2).sum()
    best = ((peer[0] - peer[1] * ns ** -peer[2] - y) ** 2).sum()
    assert mine <= best * 1.02 + 1e-9


def test_bounds_hold_for_any_rows():
    ns, rng = np.array(SIZES, dtype=float), np.random.default_rng(1)
    rows = rng.random((200, len(ns)))
    a, b, c = fit(ns, rows)
    assert (b >= 0).all()
    assert (a <= 1).all()
    assert ((c >= 0.05 - 1e-9) & (c <= 4 + 1e-9)).all()


def test_flat_is_where_twice_the_data_gains_less_than_the_threshold():
    for b, c in [(1.5, 0.6), (0.8, 0.2), (2.0, 1.0)]:
        n = float(flat_from(np.array([b]), np.array([c]))[0])
        gain = b * n**-c - b * (2 * n) ** -c
        assert gain == pytest.approx(GAIN, rel=1e-6)
    assert flat_from(np.array([0.0]), np.array([1.0]))[0] == 1.0


def test_a_curve_that_saturates_is_flat_within_its_sizes():
    found = data_scaling("t", "f", "greedy", results(lambda n: 0.5 - 4.0 * n**-1.2))
    assert found is not None
    assert found.a_low <= 0.5 <= found.a_high
    assert found.flat_low <= found.flat <= found.flat_high < 800
    assert found.flattened
    assert abs(found.error) < 0.02


def test_a_curve_that_still_rises_is_not_called_flat():
    found = data_scaling("t", "f", "greedy", results(lambda n: 0.02 * np.log2(n) * 3.5))
    assert found is not None
    assert not found.flattened
    assert found.flat > 800


def test_the_held_out_size_plays_no_part_in_its_own_prediction():
    points = results(lambda n: 0.5 - 1.5 * n**-0.6)
    spoiled = [*points[:-1], (800, {id: (0.0, c) for id, (_, c) in points[-1][1].items()})]
    plain, other = (data_scaling("t", "f", "m", p) for p in (points, spoiled))
    assert plain is not None
    assert other is not None
    assert plain.predicted == other.predicted
    assert other.observed == 0.0
    assert other.error == plain.predicted


def test_training_seeds_of_one_size_are_averaged():
    points = results(lambda n: 0.5 - 1.5 * n**-0.6)
    nothing = (800, {id: (0.0, c) for id, (_, c) in points[-1][1].items()})
    plain, two = (data_scaling("t", "f", "m", p) for p in (points, [*points, nothing]))
    assert plain is not None
    assert two is not None
    assert [size.seeds for size in two.sizes] == [1, 1, 1, 1, 1, 2]
    assert two.observed == pytest.approx(plain.observed / 2)


def test_too_few_sizes_or_no_shared_problems_give_nothing():
    points = results(lambda n: 0.4)
    assert data_scaling("t", "f", "m", points[:3]) is None
    assert data_scaling("t", "f", "m", []) is None
    assert data_scaling("t", "f", "m", [*points, (1600, {"other": (1.0, "other")})]) is None
    same = data_scaling("t", "f", "m", points)
    assert same is not None
    assert same.flat < inf
