"""Verifiers, coverage, entropy, power against scikit-learn, scipy, enumeration and known truths."""

from __future__ import annotations

from itertools import combinations
from math import comb, log

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from eval.analysis.compute.amortisation import break_even
from eval.analysis.compute.power import detectable, problems_needed
from eval.analysis.inputs.pools import CandidatePool
from eval.analysis.sampling.auroc import auroc, pooled_auroc
from eval.analysis.sampling.coverage import beta_binomial, pass_table, power_law, predict
from eval.analysis.sampling.difficulty import bins_of
from eval.analysis.sampling.false_positives import false_positives
from eval.analysis.sampling.unpredictability import spread, unpredictability, weighted_ranks
from eval.analysis.sampling.verifiers import verifier


def pool(correct: np.ndarray, score: np.ndarray, value: np.ndarray | None = None) -> CandidatePool:
    size, n = correct.shape
    problem = np.repeat(np.arange(size), n)
    ids = tuple(("t", str(i)) for i in range(size))
    values = correct.astype(int).ravel() if value is None else value.ravel()
    tokens = np.repeat(np.arange(size), n).astype(float)
    return CandidatePool(
        "t", "s", "b", "best_of_n", "x", n, ids, np.arange(size), problem,
        correct.astype(float).ravel(), values, score.ravel(), tokens,
    )  # fmt: skip


def test_auroc_equals_scikit_learn_with_ties_too() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        correct, score = rng.random(80) < 0.4, rng.integers(0, 6, size=80).astype(float)
        assert auroc(correct, score) == pytest.approx(roc_auc_score(correct, score))
        found, low, high = pooled_auroc(correct, score, np.arange(80))
        assert low < found < high
    assert np.isnan(auroc(np.ones(4), np.ones(4)))


def test_auroc_interval_covers_with_clusters() -> None:
    """Score = problem effect + noise + 1 for a right one: AUROC is Phi(1 / sqrt(2 * 2))."""
    truth, hits = float(stats.norm.cdf(1 / 2)), 0
    for trial in range(150):
        rng = np.random.default_rng(trial)
        right = rng.random((80, 8)) < 0.5
        score = right + rng.normal(size=(80, 1)) + rng.normal(size=(80, 8))
        _, low, high = pooled_auroc(right.ravel(), score.ravel(), np.repeat(np.arange(80), 8))
        hits += low <= truth <= high
    assert 0.89 <= hits / 150 <= 0.99


def test_within_is_not_pooled() -> None:
    """A scorer that knows only which problem is easy looks good pooled and is worth nothing within."""
    rng = np.random.default_rng(1)
    rate = np.repeat([0.1, 0.9], 100)[:, None]
    found = verifier(pool(rng.random((200, 8)) < rate, rate + np.zeros((200, 8))))
    assert found is not None
    assert found.within == pytest.approx(0.5)
    assert found.pooled is not None
    assert found.pooled > 0.8


def test_resampling_with_false_positives_equals_enumeration() -> None:
    correct = np.array([[1, 0, 0, 1, 0], [0, 0, 0, 0, 1]])
    score = np.array([[0.9, 0.8, 0.1, 0.2, 0.3], [0.7, 0.1, 0.2, 0.1, 0.9]])
    for row in false_positives(pool(correct, score)):
        for k, value in zip(row.ks, row.curve, strict=True):
            total = 0.0
            for c, s in zip(correct, score, strict=True):
                subsets = [[i for i in of if s[i] >= row.threshold] for of in combinations(range(5), k)]
                total += sum(c[of].mean() for of in subsets if of) / comb(5, k)
            assert value == pytest.approx(total / 2)
        assert row.curve[-1] == pytest.approx(row.ceiling)
        assert max(row.curve) <= 1


def test_pass_table_equals_binomials() -> None:
    table = pass_table(np.arange(9), 8)
    for c in range(9):
        assert table[c] == pytest.approx([1 - comb(8 - c, k) / comb(8, k) for k in range(1, 9)])


def test_fits_find_their_own_truth() -> None:
    ks = np.arange(1, 65)
    assert power_law(ks, np.exp(-2.0 * ks**-0.4)) == pytest.approx((-2.0, -0.4))
    right = stats.betabinom.rvs(64, 0.5, 3.0, size=20_000, random_state=0)
    found = beta_binomial(right, 64)
    assert found == pytest.approx((0.5, 3.0), rel=0.05)
    exact = 1 - stats.betabinom.pmf(0, 10, 0.5, 3.0)
    assert predict("beta_binomial", (0.5, 3.0), [10])[0] == pytest.approx(exact)
    assert beta_binomial([0, 0], 4) is None


def test_counts_that_spread_no_more_than_chance_are_a_binomial() -> None:
    """The likelihood of a beta-binomial rises towards alpha = beta = infinity, so there is no other fit."""
    for right, n in ([[4, 5] * 20, 10], [[5] * 30, 10], [[0] * 29 + [1], 10]):
        found = beta_binomial(right, n)
        rate = sum(right) / n / len(right)
        assert found == pytest.approx((rate,))
        ends = [stats.betabinom.logpmf(right, n, rate * s, (1 - rate) * s).sum() for s in (1e2, 1e4, 1e6)]
        assert ends == sorted(ends)
        assert stats.binom.logpmf(right, n, rate).sum() >= ends[-1] - 1e-4
        assert predict("beta_binomial", found, [1, 3]) == pytest.approx([rate, 1 - (1 - rate) ** 3])
    assert beta_binomial([10, 10], 10) is None


def test_a_pool_of_equal_problems_is_not_thought_to_vary() -> None:
    rng = np.random.default_rng(0)
    for n, rate in ((16, 0.3), (8, 0.02), (64, 0.9)):
        for _ in range(20):
            found = beta_binomial(rng.binomial(n, rate, 200), n)
            assert found is not None
            assert predict("beta_binomial", found, [n])[0] == pytest.approx(1 - (1 - rate) ** n, abs=0.06)


def test_entropy_and_disagreement_equal_brute_force() -> None:
    value = np.array([[0, 0, 1, -1], [2, 2, 2, 2]])
    entropy, disagreement = spread(np.repeat([0, 1], 4), value.ravel(), 2)
    assert entropy == pytest.approx([1.5 * log(2), 0.0])
    pairs = list(combinations(value[0], 2))
    assert disagreement == pytest.approx([sum(a != b for a, b in pairs) / len(pairs), 0.0])


def test_weighted_ranks_equal_scipy_on_the_resampled_data() -> None:
    rng = np.random.default_rng(2)
    values, weights = rng.integers(0, 9, size=30), rng.integers(0, 4, size=(5, 30))
    for row, w in zip(weighted_ranks(values, weights), weights, strict=True):
        known = stats.rankdata(np.repeat(values, w))
        assert np.repeat(row, w) + 0.5 == pytest.approx(known)


def test_rank_correlation_equals_spearman() -> None:
    rng = np.random.default_rng(3)
    value = rng.integers(0, 1 + np.arange(40)[:, None] // 8 + 1, size=(40, 8))
    p = pool(value == 0, np.zeros((40, 8)), value)
    found = unpredictability(p, 300, 0)
    entropy = spread(p.problem, p.value, 40)[0]
    assert found.entropy_rho == pytest.approx(stats.spearmanr(np.arange(40), entropy).statistic)
    assert found.entropy_low is not None
    assert found.entropy_low > 0


def test_power_by_simulation() -> None:
    n = problems_needed(0.05, 0.4)
    assert n is not None
    rng = np.random.default_rng(4)
    differences = rng.normal(0.05, 0.4, size=(2_000, n))
    p = stats.ttest_1samp(differences, 0, axis=1).pvalue
    assert 0.77 <= (p < 0.05).mean() <= 0.83
    assert detectable(n, 0.4) == pytest.approx(0.05, rel=0.01)
    assert problems_needed(0.0, 0.4) is None


def test_bins_are_quantiles_and_ties_stay_together() -> None:
    bins = bins_of(np.linspace(1, 0, 100))
    assert np.bincount(bins)[1:].tolist() == [20] * 5
    assert bins[0] == 1
    assert len(set(bins_of(np.zeros(10)))) == 1


def test_break_even() -> None:
    assert break_even(100.0, 1.0, 11.0) == 10
    assert break_even(100.0, 2.0, 1.0) is None
    assert break_even(100.0, 2.0, None) is None
