"""Intervals, bootstrap and Holm against scipy and published values."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lab.statistics import distributions
from lab.statistics.means import clustered_error, holm, mean_interval, paired_difference, problem_error
from lab.statistics.proportion import of_counts


def test_problem_error_equals_scipy_sem() -> None:
    values = np.random.default_rng(0).random(50)
    assert problem_error(values) == pytest.approx(stats.sem(values))
    many = np.random.default_rng(0).random(5_000)
    interval = mean_interval(many)
    assert (interval.low, interval.high) == pytest.approx(
        stats.norm.interval(0.95, many.mean(), stats.sem(many)), abs=2e-4
    )


def test_clusters_of_one_give_the_problem_error_and_copies_do_not_shrink_it() -> None:
    values = np.random.default_rng(1).random(40)
    assert clustered_error(values, range(40)) == pytest.approx(problem_error(values))
    copies = np.repeat(values, 5)
    clusters = np.repeat(np.arange(40), 5).tolist()
    assert clustered_error(copies, clusters) == pytest.approx(problem_error(values))
    assert problem_error(copies) < 0.5 * problem_error(values), "what ignoring clusters would claim"


def test_clustered_error_of_unequal_clusters_by_hand() -> None:
    values, clusters = [1.0, 1.0, 0.0, 0.0, 1.0], ["a", "a", "b", "b", "c"]
    sums = [0.8, -1.2, 0.4]  # residuals from 0.6, summed by cluster
    assert clustered_error(values, clusters) == pytest.approx(sqrt(3 / 2 * sum(s * s for s in sums)) / 5)


def test_an_interval_is_never_empty_and_stays_inside() -> None:
    for values in ([0.0] * 12, [1.0] * 12, [0.5] * 3, [1.0]):
        interval = mean_interval(values)
        assert 0 <= interval.low < interval.high <= 1
    assert (mean_interval([0.0] * 12).low, mean_interval([0.0] * 12).high) == of_counts(0, 12)
    assert isnan(mean_interval([]).mean)
    assert mean_interval([1.0, 1.0, 1.0, 0.9]).high == 1.0


@given(st.lists(st.integers(0, 8), min_size=1, max_size=30), st.integers(1, 6))
def test_an_interval_contains_its_mean(eighths: list[int], groups: int) -> None:
    values = [e / 8 for e in eighths]
    interval = mean_interval(values, [i % groups for i in range(len(values))])
    assert 0 <= interval.low <= interval.mean <= interval.high <= 1
    assert interval.low < interval.high


def test_one_cluster_falls_back_to_problems() -> None:
    values = [0.0, 1.0, 1.0, 0.0]
    assert mean_interval(values, ["same"] * 4).se == pytest.approx(problem_error(values))


def test_pairing_is_what_makes_it_sharp() -> None:
    """Problems differ a lot, B is a little better on each: unpaired tests would not see it."""
    rng = np.random.default_rng(5)
    a = rng.random(60) * 0.9
    b = a + 0.02 + rng.normal(scale=0.01, size=60)
    assert paired_difference(a, b).p < 0.005
    assert stats.ttest_ind(a, b).pvalue > 0.5


def test_clusters_widen_a_difference() -> None:
    rng = np.random.default_rng(6)
    differences = np.repeat(rng.normal(0.05, 0.2, size=100).clip(-1, 1), 10)
    clusters = np.repeat(np.arange(100), 10).tolist()
    free = paired_difference(np.zeros(1000), differences)
    tied = paired_difference(np.zeros(1000), differences, clusters)
    assert tied.high - tied.low > 2 * (free.high - free.low)
    width = 2 * 1.96 * clustered_error(differences, clusters)
    assert tied.high - tied.low == pytest.approx(width, rel=0.15)


def test_three_clusters_that_agree_are_weak_evidence() -> None:
    differences, clusters = np.repeat([0.1, 0.2, 0.3], 50), np.repeat(np.arange(3), 50).tolist()
    found = paired_difference(np.zeros(150), differences, clusters)
    assert found.p == 0.25
    assert found.low <= 0 < found.high
    assert paired_difference([0.0] * 4, [0.0] * 4, [0, 0, 1, 1]).p == 1.0


def test_holm_known_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    adjusted = holm([0.02, float("nan"), 0.01])
    assert adjusted[0] == pytest.approx(0.02)
    assert isnan(adjusted[1])
    assert adjusted[2] == pytest.approx(0.02)


@pytest.mark.parametrize("freedom", [1, 2, 4.7, 29, 1e5])
def test_distributions_are_those_of_scipy_stats_to_the_last_bit(freedom: float) -> None:
    for chance in (1e-6, 0.1, 0.5, 0.975):
        x = float(stats.t.ppf(chance, freedom))
        assert distributions.t_quantile(chance, freedom) == x
        assert distributions.t_below(x, freedom) == float(stats.t.cdf(x, freedom))
        assert distributions.t_below(-x, freedom) == float(stats.t.sf(x, freedom))
        assert distributions.normal_below(x) == float(stats.norm.cdf(x))
        assert distributions.normal_quantile(chance) == float(stats.norm.ppf(chance))


def test_ranks_are_those_of_scipy_stats() -> None:
    values = np.random.default_rng(0).integers(0, 9, 200) / 3
    assert (distributions.ranks(values) == stats.rankdata(values)).all()


def test_draws_that_all_agree_give_no_interval() -> None:
    import numpy as np

    from lab.statistics.bootstrap import interval_where_varied

    assert np.isnan(interval_where_varied(np.ones(100), 5)).all()
    low, high = interval_where_varied(np.linspace(-1, 1, 101), 50)
    assert low < -0.8
    assert high > 0.8


def test_a_difference_that_no_resample_reverses_is_told_from_many_others() -> None:
    generator = np.random.default_rng(7)
    before = (generator.random(200) < 0.2).astype(float)
    after = np.where(generator.random(200) < 0.6, 1.0, before)
    found = paired_difference(before.tolist(), after.tolist())
    assert found.p < 1e-6
    assert holm([found.p] * 100)[0] < 0.001


def test_no_p_is_below_what_flipped_signs_allow() -> None:
    from lab.statistics.bootstrap import significance

    assert significance(np.full(500, 0.4), 8) >= 2.0**-7
