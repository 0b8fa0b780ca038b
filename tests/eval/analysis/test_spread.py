"""Intervals of AUROC, AURC, PRR and F1: never empty, undefined without both classes, and they cover."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from scipy.special import ndtri

from eval.analysis.sampling.auroc import pooled_auroc
from eval.analysis.self_knowledge.confidence.intervals import ends_of
from eval.analysis.self_knowledge.confidence.resampled import aurc, prr
from eval.analysis.self_knowledge.confidence.selective_prediction import under
from eval.analysis.self_knowledge.estimate import weights_of
from eval.analysis.self_knowledge.hallucination import detection
from lab.statistics.bootstrap import bounded, together


def test_two_answers_are_not_certainty() -> None:
    value, low, high = pooled_auroc(np.array([1.0, 0.0]), np.array([0.9, 0.1]), np.arange(2))
    assert (value, high) == (1.0, 1.0)
    assert low < 0.3
    drawn = weights_of(range(2), 0, 200)
    found = under(drawn, [1.0, 1.0], [0.9, 0.1], {"aurc": aurc, "prr": prr})
    low, high = ends_of("aurc", found["aurc"], 2, np.ones(2))
    assert low == 0
    assert high > 0.5
    assert isnan(ends_of("prr", found["prr"], 2, np.ones(2))[0]), "undefined without a wrong answer"
    assert isnan(pooled_auroc(np.ones(3), np.arange(3.0), np.arange(3))[0])
    f1 = detection([1.0] * 5, [1.0] * 5, range(5)).f1
    assert (f1.value, f1.high) == (1.0, 1.0)
    assert f1.low is not None
    assert f1.low < 0.7


@pytest.mark.parametrize("truth", [0.75, 0.98])
def test_auroc_covers(truth: float) -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        right = (np.arange(60) < 15).astype(float)
        score = right * sqrt(2) * ndtri(truth) + rng.standard_normal(60)
        _, low, high = pooled_auroc(right, score, np.arange(60))
        held += low <= truth <= high
    assert held / 200 >= 0.93


def test_a_constant_has_an_interval_and_a_difference_of_constants_too() -> None:
    low, high = bounded(np.zeros(100), 30, np.ones(30))
    assert low == 0
    assert 0.1 < high < 0.2
    ends = together(np.ones(9), np.ones(9), (0.8, 1.0), (0.7, 1.0))
    assert ends == pytest.approx((-0.2, 0.3))
