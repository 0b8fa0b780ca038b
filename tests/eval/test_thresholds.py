"""Thresholds learned for a risk: against brute force, and the conformal guarantee by simulation."""

from __future__ import annotations

from math import inf, nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.learning.thresholds import NEVER, Case, conformal_threshold, keeping_threshold, selective_threshold

cases = st.lists(
    st.builds(Case, st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), st.booleans(), st.booleans()),
    max_size=30,
)
risks = st.sampled_from([0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.9])


@given(cases, risks)
def test_selective_is_the_lowest_that_keeps_to_the_risk(dev: list[Case], risk: float) -> None:
    """Brute force over a fine grid: coverage and risk on dev, written out."""
    good = []
    for threshold in [i / 400 for i in range(401)]:
        answered = [c for c in dev if c.answers and c.confidence >= threshold]
        if answered and np.mean([c.wrong for c in answered]) <= risk + 1e-9:
            good.append(len(answered))
    found = selective_threshold(dev, risk)
    answered = [c for c in dev if c.answers and c.confidence >= found]
    assert len(answered) == max(good, default=0), "the most coverage there is"
    assert (found == NEVER) == (not good)
    if good:
        assert np.mean([c.wrong for c in answered]) <= risk + 1e-9


@given(cases, risks)
def test_conformal_is_the_infimum(dev: list[Case], risk: float) -> None:
    n = len(dev)

    def holds(threshold: float) -> bool:
        wrong = sum(c.wrong and c.answers and c.confidence >= threshold for c in dev)
        return n / (n + 1) * (wrong / n if n else 0) + 1 / (n + 1) <= risk + 1e-9

    grid = [0.0, *sorted({t for c in dev for t in (c.confidence, nextafter(c.confidence, inf), 1.5)})]
    assert conformal_threshold(dev, risk) == next(filter(holds, [*grid, NEVER]), NEVER) or not any(
        map(holds, grid)
    )
    found = conformal_threshold(dev, risk)
    assert found == NEVER or holds(found)
    assert all(not holds(t) for t in grid if t < found)


def test_by_hand() -> None:
    dev = [Case(0.9, False), Case(0.8, True), Case(0.7, False), Case(0.6, False), Case(0.5, True)]
    assert selective_threshold(dev, 0.4) == 0.0, "2 of 5"
    assert selective_threshold(dev, 0.3) == 0.6, "1 of 4"
    assert selective_threshold(dev, 0.2) == 0.9, "0 of 1; at 0.8 it is 1 of 2"
    assert selective_threshold([Case(1.0, True)], 0.5) == NEVER
    assert conformal_threshold(dev, 0.5) == 0.0, "5/6 x 2/5 + 1/6 = 0.5"
    assert conformal_threshold(dev, 0.4) == nextafter(0.5, inf), "5/6 x 1/5 + 1/6 = 1/3"
    assert conformal_threshold(dev, 0.2) == nextafter(0.8, inf), "0 + 1/6"
    assert conformal_threshold(dev, 0.1) == NEVER, "five problems cannot promise a tenth"
    assert conformal_threshold([], 0.5) == selective_threshold([], 0.5) == NEVER
    assert keeping_threshold(dev, 0.5) == 0.7, "floor(0.5 x 4): the second of 0.6, 0.7, 0.9"
    assert keeping_threshold(dev, 0.2) == keeping_threshold([], 0.9) == 0.0, (
        "three cannot promise four fifths"
    )


def test_saying_that_one_does_not_know_is_no_answer() -> None:
    dev = [Case(0.9, True, answers=False), Case(0.9, False)]
    assert selective_threshold(dev, 0.1) == 0.0, "one answered, and right"
    assert conformal_threshold([*dev] * 10, 0.1) == 0.0
    assert selective_threshold(dev[:1], 0.5) == NEVER


@given(cases, risks)
def test_keeping_is_the_highest_that_loses_no_more(dev: list[Case], risk: float) -> None:
    """Of the right answers and a new one, at most `risk` lie below; one place further it would be more."""
    right = sorted(c.confidence for c in dev if c.answers and not c.wrong)
    found = keeping_threshold(dev, risk)
    places = [k for k in range(len(right) + 1) if k <= risk * (len(right) + 1) + 1e-9]
    assert found == ([0.0, *right])[max(places)]
    assert sum(c < found for c in right) <= risk * (len(right) + 1)


@pytest.mark.parametrize(("risk", "size", "levels"), [(0.1, 30, 0), (0.2, 12, 0), (0.2, 40, 4), (0.1, 5, 0)])
def test_right_answers_are_kept_on_average(risk: float, size: int, levels: int) -> None:
    """The share of new right answers withheld over 3,000 draws: at most the risk, near it without ties."""
    rng = np.random.default_rng(5)
    draws = rng.beta(4, 2, (3000, size + 1))
    draws = np.round(draws * levels) / levels if levels else draws
    lost = [new < keeping_threshold([Case(float(c), False) for c in dev], risk) for *dev, new in draws]
    allowed = int(risk * (size + 1) + 1e-9) / (size + 1)
    error = 4 * np.sqrt(max(allowed, 0.01) / len(lost))
    assert np.mean(lost) <= allowed + error * (allowed > 0)
    assert levels or np.mean(lost) >= allowed - error


@pytest.mark.parametrize(("risk", "size"), [(0.1, 30), (0.2, 30), (0.2, 12), (0.4, 9)])
@pytest.mark.parametrize("levels", [0, 4])
def test_the_conformal_guarantee_holds_on_average(risk: float, size: int, levels: int) -> None:
    """Mean loss of a new problem over 2,000 draws of dev set and problem: at most the risk, and not idle.

    Confidence predicts correctness a little; `levels` rounds it, so that many are tied.
    """
    lot = np.random.default_rng(round(1000 * risk) + size + levels)
    losses = []
    for _ in range(2000):
        sure = lot.random(size + 100)
        wrong = lot.random(size + 100) > 0.2 + 0.6 * sure
        sure = np.round(sure * levels) / levels if levels else sure
        threshold = conformal_threshold(
            [Case(c, bool(w)) for c, w in zip(sure[:size], wrong[:size], strict=True)], risk
        )
        losses.append(np.mean(wrong[size:] & (sure[size:] >= threshold)))
    error = np.std(losses) / len(losses) ** 0.5
    assert np.mean(losses) <= risk + 3 * error
    assert np.mean(losses) >= (risk - 1 / (size + 1)) / 3 - 3 * error, "it does answer"
