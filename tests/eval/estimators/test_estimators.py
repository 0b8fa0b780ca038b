"""Every estimator equals brute force: the same quantity averaged over all C(n, k) subsets and orderings."""

from __future__ import annotations

from itertools import combinations, permutations
from math import comb, isnan
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.estimators.majority import majority_at_k
from eval.estimators.pass_at_k import best_of_k, pass_at_k, pass_hat_k
from eval.estimators.weighted import ENUMERATE, SUBSETS, weighted_at_k
from eval.grading import Grader
from eval.plans.voting import vote
from lab.core.types import Answer, Problem

marks = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=9)
answers = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]), st.sampled_from([0.0, 1.0]), st.sampled_from([0.25, 0.5, 0.7])
    ),
    min_size=1,
    max_size=7,
)


def subsets(n: int, k: int) -> list[tuple[int, ...]]:
    return list(combinations(range(n), k))


@given(marks, st.integers(1, 9))
def test_pass_at_k_and_pass_hat_k_equal_enumeration(correct: list[float], k: int) -> None:
    n, c = len(correct), int(sum(correct))
    if k > n:
        assert isnan(pass_at_k(n, c, k))
        assert isnan(pass_hat_k(n, c, k))
        return
    assert pass_at_k(n, c, k) == pytest.approx(fmean(max(correct[i] for i in s) for s in subsets(n, k)))
    assert pass_hat_k(n, c, k) == pytest.approx(fmean(min(correct[i] for i in s) for s in subsets(n, k)))


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=6)
)
def test_best_of_k_equals_enumeration_over_subsets_and_orders(pool: list[tuple[float, float]]) -> None:
    for k in range(1, len(pool) + 1):
        brute = fmean(
            max(order, key=lambda sample: sample[0])[1]  # max keeps the first of a tie
            for subset in combinations(pool, k)
            for order in permutations(subset)
        )
        assert best_of_k(*zip(*pool, strict=True), k) == pytest.approx(brute)


def played(pool: list[tuple[str | None, float, float]], k: int, weighted: bool) -> float:
    """What the strategies' own vote gives, over every subset in every order."""
    results = []
    for subset in combinations(pool, k):
        for order in permutations(subset):
            weights = [w if weighted else 1.0 for _, _, w in order]
            winner = vote([v for v, _, _ in order], weights).winner
            results.append(0.0 if winner is None else order[winner][1])
    return fmean(results)


@settings(max_examples=40, deadline=None)
@given(answers.filter(lambda pool: len(pool) <= 6))
def test_majority_equals_the_strategys_vote_over_subsets_and_orders(
    pool: list[tuple[str | None, float, float]],
) -> None:
    values, correct, _ = zip(*pool, strict=True)
    ks = range(1, len(pool) + 1)
    assert majority_at_k(values, correct, ks) == pytest.approx(
        [class_mean(pool, k, weighted=False) for k in ks]
    )
    fixed = consistent(pool)
    exact = majority_at_k(values, [c for _, c, _ in fixed], ks)
    assert exact == pytest.approx([played(fixed, k, weighted=False) for k in ks])


@settings(max_examples=40, deadline=None)
@given(answers.filter(lambda pool: len(pool) <= 6))
def test_weighted_equals_the_strategys_vote_over_subsets_and_orders(
    pool: list[tuple[str | None, float, float]],
) -> None:
    fixed = consistent(pool)
    values, correct, weights = zip(*fixed, strict=True)
    for k in range(1, len(pool) + 1):
        value, error = weighted_at_k(values, correct, weights, k, seed=0)
        assert value == pytest.approx(played(fixed, k, weighted=True))
        assert error == 0
    values, correct, weights = zip(*pool, strict=True)
    for k in range(1, len(pool) + 1):
        value, _ = weighted_at_k(values, correct, weights, k, seed=0)
        assert value == pytest.approx(class_mean(pool, k, weighted=True))


def consistent(pool: list[tuple[str | None, float, float]]) -> list[tuple[str | None, float, float]]:
    """The same pool where equal answers are equally right, as with a real checker."""
    truth: dict[str | None, float] = {}
    return [(v, truth.setdefault(v, c), w) for v, c, w in pool]


def class_mean(pool: list[tuple[str | None, float, float]], k: int, *, weighted: bool) -> float:
    """The class drawn first wins a tie and answers with its first: any of the tied members, at random."""
    total = 0.0
    for subset in combinations(pool, k):
        classes: dict[str, list[tuple[float, float]]] = {}
        for value, correct, weight in subset:
            if value is not None:
                classes.setdefault(value, []).append((weight if weighted else 1.0, correct))
        if not classes:
            continue
        sums = {v: sum(w for w, _ in members) for v, members in classes.items()}
        tied = [v for v in sums if sums[v] >= max(sums.values()) - 1e-9]
        total += fmean(c for v in tied for _, c in classes[v])
    return total / comb(len(pool), k)


@given(answers)
def test_more_samples_than_there_are_is_undefined(pool: list[tuple[str | None, float, float]]) -> None:
    values, correct, weights = zip(*pool, strict=True)
    k = len(pool) + 1
    assert isnan(majority_at_k(values, correct, [k])[0])
    assert all(map(isnan, weighted_at_k(values, correct, weights, k, seed=0)))
    assert isnan(best_of_k(weights, correct, k))


def test_pass_at_k_is_stable_for_ten_thousand_samples() -> None:
    n, c, k = 10_000, 3, 100
    exact = 1 - comb(n - c, k) / comb(n, k)
    assert pass_at_k(n, c, k) == pytest.approx(exact, rel=1e-12)
    assert pass_at_k(n, 1, 1) == pytest.approx(1e-4, rel=1e-12)
    assert pass_at_k(n, 5_000, 5_000) == 1.0
    assert pass_at_k(n, 0, 10) == 0.0
    assert 0 < 1 - pass_at_k(n, 5_000, 20) < 1e-5


def test_best_of_k_for_ten_thousand_samples() -> None:
    n = 10_000
    correct = [float(i % 3 == 0) for i in range(n)]
    assert best_of_k([0.0] * n, correct, 64) == pytest.approx(fmean(correct)), "ties only: a random one"
    assert best_of_k(correct, correct, 7) == pytest.approx(pass_at_k(n, int(sum(correct)), 7)), (
        "oracle: pass@k"
    )


def test_majority_over_a_large_pool_agrees_with_random_subsets() -> None:
    values = [str(min(i % 9, 6)) for i in range(200)]  # "6" has a third, the others a ninth
    correct = [float(v == "6") for v in values]
    exact = majority_at_k(values, correct, [8, 64, 200])
    for k, value in zip([8, 64], exact, strict=False):
        sampled, error = weighted_at_k(values, correct, [1.0] * 200, k, seed=1)
        assert abs(sampled - value) <= 5 * error + 1e-9
    assert exact[2] == 1.0
    assert 0.5 < exact[0] < 0.9


def test_random_subsets_report_their_error_and_are_reproducible() -> None:
    values = [str(i % 5) for i in range(40)]
    correct = [float(v == "2") for v in values]
    weights = [1 / (1 + i % 9) for i in range(40)]
    assert comb(40, 20) > ENUMERATE
    assert SUBSETS >= 1_000
    first = weighted_at_k(values, correct, weights, 20, seed=3)
    assert first == weighted_at_k(values, correct, weights, 20, seed=3)
    assert first != weighted_at_k(values, correct, weights, 20, seed=4)
    assert 0 < first[1] < 0.02


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError):
        pass_at_k(4, 5, 1)
    with pytest.raises(ValueError):
        pass_at_k(4, 1, 0)
    with pytest.raises(ValueError):
        best_of_k([float("nan")], [1.0], 1)
    with pytest.raises(ValueError):
        majority_at_k(["a"] * 300, [1.0] * 300, [1])


def test_random_subsets_follow_the_seed_of_the_run_and_nothing_else() -> None:
    """40 samples have too many subsets of 5 to visit; what is drawn depends on run seed and problem."""
    rng = np.random.default_rng(4)
    problems = [Problem(f"p/{i}", (), "1") for i in range(3)]
    values, weights = [str(v) for v in rng.integers(0, 4, 40)], rng.random(40).tolist()
    correct = [float(v == "1") for v in values]

    def drawn(seed: int, of: list[Problem]) -> dict[str, float]:
        pools = {p.id: Grader(p, None, seed).pool_of(Answer("", None), []) for p in of}  # type: ignore[arg-type]
        return {
            id: weighted_at_k(values, correct, weights, 5, seed=pool.seed)[0] for id, pool in pools.items()
        }

    assert drawn(0, problems) == drawn(0, problems)
    assert drawn(0, problems) != drawn(1, problems)
    assert drawn(0, problems[:1])["p/0"] == drawn(0, problems)["p/0"], "other problems change nothing"
    assert len(set(drawn(0, problems).values())) > 1, "problems have lots of their own"
    assert SUBSETS >= 1_000
