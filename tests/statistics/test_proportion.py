"""Proportions: coverage in simulation, never empty, and never lowered by a success."""

from __future__ import annotations

import numpy as np
import pytest
from clustered import World, cells, held
from scipy import stats

from lab.statistics.proportion import of_counts, proportion, upper_of

WORLDS = {
    "12 clusters": World(12, 0.3),
    "12 clusters, copula": World(12, 0.3, copula=True),
    "3 clusters": World(3, 0.3),
    "5 clusters": World(5, 0.3),
    "12 unequal clusters": World(12, 0.3, unequal=True),
    "shares": World(shares=True),
    "shares in 12 clusters": World(12, 0.3, shares=True),
}


@pytest.mark.parametrize("n", [20, 21, 30, 48, 96, 192, 400])
def test_independent_problems_are_covered_exactly_counted(n: int) -> None:
    """No simulation: every number of successes with its chance, at every rate."""
    low, high = np.array([of_counts(k, n) for k in range(n + 1)]).T
    for rate in np.linspace(0.02, 0.98, 97):
        chance = stats.binom.pmf(np.arange(n + 1), n, rate)
        assert chance[(low <= rate) & (rate <= high)].sum() >= 0.935


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_clusters_and_shares_are_covered(world: World) -> None:
    for n, rate in cells(sizes=(20, 192), rates=(0.05, 0.17)):
        coverage, _ = held(lambda v, c: proportion(v, c.tolist()), world, n, rate, 400)
        assert coverage >= 0.93, (n, rate)


def test_it_is_not_much_wider_than_wilsons() -> None:
    for n in (20, 96, 1000):
        for k in range(0, n + 1, n // 20):
            known = stats.binomtest(k, n).proportion_ci(method="wilson")
            low, high = of_counts(k, n)
            assert high - low <= 1.25 * (known.high - known.low) + 1e-9
    low, high = of_counts(500_000, 1_000_000)
    assert (low, high) == pytest.approx((0.49902, 0.50098), abs=1e-5)


def test_wilsons_own_end_without_the_correction() -> None:
    known = stats.binomtest(3, 10).proportion_ci(method="wilson")
    assert upper_of(0.3 - 0.03, 10, 1.959963984540054) == pytest.approx(known.high)


@pytest.mark.parametrize("clusters", [0, 1, 3, 12])
@pytest.mark.parametrize("shares", [False, True])
def test_one_success_more_never_lowers_an_end(clusters: int, shares: bool) -> None:
    rng = np.random.default_rng(clusters)
    for _ in range(150):
        n = int(rng.integers(2, 120))
        codes = rng.integers(clusters, size=n).tolist() if clusters else None
        rates = rng.beta(0.3, 0.7, size=n) if codes is None else rng.beta(0.3, 0.7, size=clusters)[codes]
        values = rng.binomial(8, rates) / 8 if shares else (rng.random(n) < rates).astype(float)
        before = proportion(values, codes)
        assert 0 <= before[0] <= values.mean() <= before[1] <= 1
        assert before[0] < before[1]
        values[rng.integers(n)] = 1.0
        after = proportion(values, codes)
        slack = 0.015 if shares else 1e-12  # promised of right and wrong; shares between them come near it
        assert after[0] >= before[0] - slack
        assert after[1] >= before[1] - slack


def test_twenty_of_twenty_and_none_of_thirty() -> None:
    assert of_counts(0, 20)[1] < of_counts(1, 20)[1], "a success once lowered the upper end"
    assert of_counts(0, 30) == (0.0, pytest.approx(0.12, abs=0.005))
    assert of_counts(30, 30) == (pytest.approx(0.88, abs=0.005), 1.0)
    low, high = of_counts(0, 1)
    assert low == 0
    assert 0.9 < high < 1


def test_clusters_that_are_alike_or_one() -> None:
    values = [1.0, 0.0] * 8
    assert proportion(values, ["same"] * 16) == proportion(values) == proportion(values, range(16))
    assert of_counts([3], [8]) == of_counts(3, 8)
    assert of_counts([1, 0, 2], [2, 3, 2]) == proportion([1, 0, 0, 0, 0, 1, 1], list("aabbbcc"))
    low, high = proportion([0.0] * 192, [i % 12 for i in range(192)])
    assert low == 0
    assert high > 2 * of_counts(0, 192)[1], "192 zeros in 12 clusters tell less than alone"
    with pytest.raises(ValueError, match="at least one value"):
        proportion([])


def test_small_even_shares_are_known_well() -> None:
    rng = np.random.default_rng(0)
    shares = 0.02 + 0.01 * rng.random(60)
    low, high = proportion(shares)
    assert high - low < 0.02, "sixty values that are nearly alike; as right or wrong they would give 0.1"
    assert low < shares.mean() < high
