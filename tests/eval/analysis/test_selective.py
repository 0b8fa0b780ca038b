"""Selective prediction and calibration against enumeration, scikit-learn, lm-polygraph and known truths."""

from __future__ import annotations

from itertools import groupby, permutations, product
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from eval.analysis.self_knowledge.confidence import metrics as selective
from eval.analysis.self_knowledge.confidence import resampled as over
from eval.analysis.self_knowledge.confidence.metrics import (
    abstention_score,
    accuracy_at,
    aurc,
    auroc,
    brier,
    coverage_at,
    e_aurc,
    ece,
    prr,
    reliability,
    risk_coverage,
)
from eval.analysis.self_knowledge.confidence.resampled import ranked
from eval.analysis.self_knowledge.estimate import weights_of
from lab.statistics import bootstrap as resample
from lab.statistics.bootstrap import interval, significance

answers = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.1, 0.25, 0.5, 0.9])), min_size=1, max_size=7
)


def orderings(pairs: list[tuple[float, float]]) -> list[list[float]]:
    """The correctness of the answers in every ordering that a sort by falling confidence can give."""
    levels = [
        [c for c, _ in group] for _, group in groupby(sorted(pairs, key=lambda p: -p[1]), key=lambda p: p[1])
    ]
    return [[c for level in found for c in level] for found in product(*(permutations(x) for x in levels))]


def mean_risk(correct: list[float]) -> float:
    return float(np.mean([sum(1 - c for c in correct[:k]) / k for k in range(1, len(correct) + 1)]))


@settings(deadline=None)
@given(answers)
def test_areas_equal_the_average_over_all_orderings_of_the_ties(pairs: list[tuple[float, float]]) -> None:
    correct, sure = zip(*pairs, strict=True)
    found = np.mean([mean_risk(o) for o in orderings(pairs)])
    best = mean_risk(sorted(correct, reverse=True))
    assert aurc(correct, sure) == pytest.approx(found)
    assert e_aurc(correct, sure) == pytest.approx(found - best)
    chance = 1 - float(np.mean(correct))
    if 0 < chance < 1:
        assert prr(correct, sure) == pytest.approx((chance - found) / (chance - best))
    else:
        assert isnan(prr(correct, sure))


@settings(deadline=None)
@given(answers)
def test_curves_equal_the_average_over_all_orderings(pairs: list[tuple[float, float]]) -> None:
    correct, sure = zip(*pairs, strict=True)
    every = np.array(orderings(pairs))
    n = len(pairs)
    known = [(k / n, 1 - every[:, :k].mean()) for k in range(1, n + 1)]
    assert risk_coverage(correct, sure) == [pytest.approx(point) for point in known]
    for coverage in (0.01, 0.5, 0.8, 1.0):
        k = max(1, int(np.ceil(coverage * n)))
        assert accuracy_at(correct, sure, coverage) == pytest.approx(every[:, :k].mean())


@given(answers, st.sampled_from([0.0, 0.2, 0.5]))
def test_coverage_at_a_risk_is_the_best_threshold(pairs: list[tuple[float, float]], risk: float) -> None:
    kept = [[c for c, s in pairs if s >= t] for t in {s for _, s in pairs}]
    best = max((len(k) for k in kept if 1 - np.mean(k) <= risk + 1e-12), default=0)
    assert coverage_at(*zip(*pairs, strict=True), risk) == pytest.approx(best / len(pairs))


@given(answers, st.sampled_from([0.0, 0.5, 0.9]))
def test_abstention_score_by_hand(pairs: list[tuple[float, float]], t: float) -> None:
    score = [0 if s < t else 1 if c else -t / (1 - t) for c, s in pairs]
    assert abstention_score(*zip(*pairs, strict=True), t) == pytest.approx(np.mean(score))


@given(answers, st.integers(1, 5))
def test_bins_hold_equal_mass_and_never_split_a_tie(pairs: list[tuple[float, float]], bins: int) -> None:
    ranks = {}
    ordered = sorted((s for _, s in pairs), reverse=True)
    for s in set(ordered):
        places = [i for i, other in enumerate(ordered) if other == s]
        ranks[s] = min(bins - 1, int((np.mean(places) + 0.5) / len(pairs) * bins))
    total = 0.0
    for b in range(bins):
        mine = [(c, s) for c, s in pairs if ranks[s] == b]
        total += abs(sum(s for _, s in mine) - sum(c for c, _ in mine))
    assert ece(*zip(*pairs, strict=True), bins) == pytest.approx(total / len(pairs))


def test_the_order_of_the_file_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    right, sure = rng.integers(0, 2, 50).astype(float), rng.integers(0, 4, 50) / 4
    turned = rng.permutation(50)
    for f in (aurc, e_aurc, prr, ece, brier, auroc):
        assert f(right, sure) == pytest.approx(f(right[turned], sure[turned]), abs=1e-12)


def test_the_unscored_and_those_without_a_confidence_are_left_out() -> None:
    right, sure = [1, 0, nan, 1, 0], [0.9, 0.5, 0.9, nan, 0.7]
    for f in (aurc, e_aurc, prr, ece, brier, auroc):
        assert f(right, sure) == pytest.approx(f([1, 0, 0], [0.9, 0.5, 0.7]))
    assert sum(b.answers for b in reliability(right, sure)) == 3
    with pytest.raises(ValueError, match=r"1 \(right\) or 0 \(wrong\), found 0\.5"):
        aurc([0.5], [0.5])


def test_undefined_is_nan() -> None:
    assert isnan(aurc([], []))
    assert isnan(ece([], []))
    assert isnan(brier([nan], [0.5]))
    assert reliability([], []) == []
    assert isnan(prr([1, 1], [0.1, 0.2]))
    assert isnan(auroc([0, 0], [0.1, 0.2]))
    assert aurc([1, 1], [0.1, 0.2]) == 0
    with pytest.raises(ValueError, match="0 <= t < 1"):
        abstention_score([1], [0.5], 1.0)


def test_equal_to_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        sure = rng.integers(0, 30, 200) / 30
        right = (rng.random(200) < sure).astype(float)
        assert auroc(right, sure) == pytest.approx(roc_auc_score(right, sure))
        assert brier(right, sure) == pytest.approx(brier_score_loss(right, sure))
        distinct = rng.random(200)
        right = (rng.random(200) < distinct**2).astype(float)
        true, said = calibration_curve(right, distinct, n_bins=10, strategy="quantile")
        bins = reliability(right, distinct)
        assert [b.accuracy.value for b in bins] == pytest.approx(true)
        assert [b.confidence for b in bins] == pytest.approx(said)
        assert ece(right, distinct) == pytest.approx(np.mean(np.abs(true - said)))


def peer_inputs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    sure = rng.random(60)
    return (rng.random(60) < sure**0.7).astype(float), sure


def test_equal_to_lm_polygraph() -> None:
    """Numbers of lm-polygraph 0.7.0's `ue_metrics` on the same inputs, and its own where it is installed.

    They come from `ROCAUC()(-sure, 1 - right)`, `RiskCoverageCurveAUC()(-sure, right)` and `(-right, right)`,
    `PredictionRejectionArea()(-sure, right)` (`area`) and `(-right, right)`,
    `normalize_metric(area, oracle, get_random_scores(PredictionRejectionArea(), right))`, whose random area
    is the mean of 1,000 shuffles (exactly it is the accuracy), and `ECE(n_bins=20)(-level, right)`, 20 bins
    of equal width that hold equally many of these confidences.
    """
    right, sure = peer_inputs()
    level = (np.arange(60) % 20 + 0.5) / 20
    assert auroc(right, sure) == pytest.approx(1 - 0.1896745230078563)
    assert aurc(right, sure) == pytest.approx(0.22198289656850984)
    assert e_aurc(right, sure) == pytest.approx(0.22198289656850984 - 0.12491029703329692)
    area, oracle, random = 0.7780171034314901, 0.8750897029667031, 0.5525390137760812
    assert 1 - aurc(right, sure) == pytest.approx(area)
    assert float(right.mean()) == pytest.approx(random, abs=0.01)
    assert prr(right, sure) == pytest.approx((area - right.mean()) / (oracle - right.mean()))
    assert prr(right, sure) == pytest.approx(0.6990469938886265, abs=0.01)
    assert ece(right, level, 20) == pytest.approx(0.40833333333333344)


def test_equal_to_the_lm_polygraph_that_is_installed() -> None:
    peer = pytest.importorskip("lm_polygraph.ue_metrics", reason="lm-polygraph is not installed")
    right, sure = peer_inputs()
    assert aurc(right, sure) == pytest.approx(peer.RiskCoverageCurveAUC()(-sure, right))
    assert 1 - aurc(right, sure) == pytest.approx(peer.PredictionRejectionArea()(-sure, right))


def test_the_other_rejection_ratio_is_auroc() -> None:
    """Malinin and Gales: rejected answers count as right; for 0/1 correctness their ratio is 2 AUROC - 1."""
    right, sure = peer_inputs()

    def area(order: np.ndarray) -> float:
        errors = np.concatenate([[0], np.cumsum(1 - right[order])]) / len(right)
        return float(np.trapezoid(errors, dx=1 / len(right)))

    chance = (1 - right.mean()) / 2
    ratio = (chance - area(np.argsort(-sure))) / (chance - area(np.argsort(-right)))
    assert ratio == pytest.approx(2 * auroc(right, sure) - 1)


def test_weights_are_repetitions() -> None:
    rng = np.random.default_rng(2)
    right, sure = rng.integers(0, 2, 30).astype(float), rng.integers(0, 9, 30) / 9
    weights = rng.integers(0, 4, size=(6, 30))
    r = ranked(right, sure, weights)
    for name in ("auroc", "aurc", "e_aurc", "prr", "ece", "brier"):
        found = getattr(over, name)(r)
        for value, w in zip(found, weights, strict=True):
            known = getattr(selective, name)(np.repeat(right, w), np.repeat(sure, w))
            assert value == pytest.approx(known), name
    for value, w in zip(over.risk_at(r, [0.3, 1.0]), weights, strict=True):
        again = np.repeat(right, w), np.repeat(sure, w)
        assert 1 - value == pytest.approx([accuracy_at(*again, 0.3), accuracy_at(*again, 1.0)])


def test_calibrated_worlds_are_right_as_often_as_their_confidence_says() -> None:
    r = over.calibrated([0.2, 0.9, 0.2, 0.6], 20_000, 0)
    assert r.level.tolist() == [0.9, 0.6, 0.2]
    assert r.count[0].tolist() == [1, 1, 2]
    assert r.right.mean(axis=0) == pytest.approx([0.9, 0.6, 0.4], abs=0.02)


def test_whole_clusters_are_drawn_and_one_cluster_is_none() -> None:
    drawn = weights_of(["a", "a", "b", "c", "c"], 0, 200)
    (weights,) = drawn.problems()
    assert drawn.groups == 3
    assert weights[0].tolist() == [1] * 5
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert weights_of(["a", "a"], 0, 10).groups == 2
    again = [next(weights_of(["a", "a"], 0, 10).problems()) for _ in range(2)]
    assert (again[0] == again[1]).all()


@pytest.mark.parametrize("kept", [0, 10**9])
def test_draws_are_the_same_however_many_rows_a_block_has(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    codes, whole = np.arange(30) // 2, np.random.default_rng(3).multinomial(15, np.full(15, 1 / 15), size=40)
    monkeypatch.setattr(resample, "KEPT", kept)
    for cells in (1, 100, 10**9):
        monkeypatch.setattr(resample, "CELLS", cells)
        drawn = np.concatenate(list(resample.draws(codes, 40, 3).clusters()))
        assert (drawn[0] == 1).all()
        assert (drawn[1:] == whole).all()


def test_p_is_005_where_the_interval_ends_at_0() -> None:
    rng = np.random.default_rng(3)
    for groups in (4, 12, 300):
        values = rng.normal(size=200_000)
        low, high = interval(values, groups)
        assert significance(values - low, groups) == pytest.approx(0.05, abs=0.005)
        assert significance(values - high, groups) == pytest.approx(0.05, abs=0.005)
        assert significance(values, groups) > 0.9
    assert 0 < significance(np.ones(100), 50) < 0.05
    assert isnan(significance(np.array([nan]), 50))
