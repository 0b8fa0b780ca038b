"""Paired differences: exact where few differ, coverage in simulation, and p and interval that agree."""

from __future__ import annotations

from itertools import product
from math import isnan
from typing import Any

import numpy as np
import pytest
from scipy import stats

from lab.statistics.bootstrap import RESAMPLES
from lab.statistics.means import ends_apart, paired_difference
from lab.statistics.sign_tests import exact_p, mcnemar

GAINS = ((0.02, 0.0), (0.05, 0.02), (0.3, 0.1), (0.3, 0.3), (0.9, 0.0))
"""The chances of a problem being right only after, and only before."""


def flips(rng: Any, gained: float, lost: float, codes: Any, icc: float) -> Any:
    """(problems,) 1, 0 or -1; clusters share their chances (Dirichlet)."""
    more = 1 / icc - 1 if icc else 1e9
    chances = np.maximum(np.array([gained, lost, 1 - gained - lost]) * more, 1e-9)
    shared = rng.gamma(chances, size=(int(codes.max()) + 1, 3)) if icc else np.tile(chances, (len(codes), 1))
    shared = (shared / np.maximum(shared.sum(axis=1, keepdims=True), 1e-300))[codes]
    u = rng.random(len(codes))
    return (u < shared[:, 0]) * 1.0 - ((u >= shared[:, 0]) & (u < shared[:, :2].sum(axis=1)))


@pytest.mark.parametrize(("clusters", "icc"), [(0, 0.0), (12, 0.3), (5, 0.3)])
@pytest.mark.parametrize("n", [20, 192])
def test_intervals_cover(n: int, clusters: int, icc: float) -> None:
    rng, codes = np.random.default_rng(n), np.arange(n) % (clusters or n)
    for gained, lost in GAINS:
        ends = np.array([ends_apart(flips(rng, gained, lost, codes, icc), codes) for _ in range(200)])
        assert ((ends[:, 0] <= gained - lost) & (gained - lost <= ends[:, 1])).mean() >= 0.93, (gained, lost)


def test_p_and_interval_agree_and_p_holds_its_level() -> None:
    rng, found = np.random.default_rng(0), []
    for i in range(120):
        codes = np.arange(96) % (12 if i % 2 else 96)
        d = flips(rng, 0.2, 0.2, codes, 0.3 if i % 2 else 0.0)
        found.append(paired_difference(np.maximum(-d, 0), np.maximum(d, 0), codes.tolist(), seed=i))
    for one in found:
        assert (one.p < 0.05) == (one.low > 0 or one.high < 0)
    assert np.mean([one.p < 0.05 for one in found]) <= 0.08


def test_no_p_below_what_the_problems_allow() -> None:
    assert isnan(paired_difference([0.0], [1.0]).p), "one problem gives no p"
    assert paired_difference([0.0] * 8, [1.0] * 8, [0, 1] * 4).p >= 0.25, "two clusters are two differences"
    for n in range(2, 12):
        assert paired_difference([0.0] * n, [1.0] * n).p >= 2**-n
        assert paired_difference([0.0] * n, [i / 20 + 0.1 for i in range(n)]).p >= 2 ** (1 - n)


def test_equal_answers_are_no_proof_of_equality() -> None:
    for n in (1, 2, 20, 192):
        same = paired_difference([1.0] * n, [1.0] * n)
        assert same.low < 0 < same.high
        assert same.mean == 0
    assert paired_difference([1.0] * 20, [1.0] * 20).p == 1.0
    clustered = paired_difference([1.0] * 192, [1.0] * 192, [i % 12 for i in range(192)])
    assert clustered.high > same.high, "problems of one cluster tell less"


def test_mcnemar_by_scipy() -> None:
    for gained, lost in [(5, 0), (9, 3), (4, 4), (1, 0), (0, 7)]:
        n = gained + lost
        exact = stats.binomtest(gained, n).pvalue
        known = exact - stats.binom.pmf(gained, n, 0.5) if gained != lost else 1.0
        assert mcnemar(gained, lost) == pytest.approx(known)


def test_sign_flips_by_enumeration() -> None:
    rng = np.random.default_rng(3)
    for m in (2, 3, 5, 8, 11):
        d = rng.normal(0.3, 1, size=m).round(1) / 8 + 0.01
        sums = [
            abs(sum(s * x for s, x in zip(signs, d, strict=True))) for signs in product((1, -1), repeat=m)
        ]
        known = np.mean(np.array(sums) >= abs(d.sum()) - 1e-9)
        assert exact_p([*d, 0.0]) == pytest.approx(known)
    many = rng.normal(0.2, 0.3, size=29)
    t = stats.ttest_1samp(many, 0).pvalue
    assert exact_p(many.tolist()) == pytest.approx(t, rel=0.2)


def test_where_many_differ_the_problems_are_resampled() -> None:
    rng = np.random.default_rng(3)
    a = rng.binomial(1, 0.3, 400).astype(float)
    b = np.where(rng.random(400) < 0.3, rng.binomial(1, 0.35, 400), a)
    ours = paired_difference(a, b, seed=0)
    theirs = stats.bootstrap(
        (b - a,), np.mean, n_resamples=5_000, method="percentile", rng=0
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)
    assert ours == paired_difference(a, b, seed=0), "seeded"
    assert ours.p > 0.01
    assert len({paired_difference(a, b, seed=i).p for i in range(4)}) > 1
    assert ours.p >= 1 / (RESAMPLES + 1)


def test_beyond_one_is_told() -> None:
    with pytest.raises(ValueError, match=r"values in \[0, 1\], found a difference of 3"):
        paired_difference([0.0, 0.0], [3.0, 0.0])
