"""Adaptive consistency: the stopping rules, by hand and against scipy; the pool it shares."""

from __future__ import annotations

import pytest
from driving import FAILED, REFUSED, drive, question, said
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.strategies import AdaptiveConsistency, SelfConsistency
from eval.strategies.voting.adaptive_consistency import lead


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_lead_is_the_integral_of_a_beta_distribution(first: int, second: int) -> None:
    from scipy.stats import beta

    assert lead(first, second) == pytest.approx(float(beta.sf(0.5, first + 1, second + 1)), abs=1e-12)


def test_four_equal_answers_are_sure_and_three_are_not() -> None:
    assert lead(3, 0) == 1 - 1 / 16
    assert lead(4, 0) == 1 - 1 / 32
    answer, asked = drive(AdaptiveConsistency(n=16, window=1).solve(question()), lambda r: "so 4")
    assert (len(asked), answer.value, answer.trace["stopped"]) == (4, "4", "beta")
    assert answer.confidence == 1.0


def test_a_split_vote_draws_everything() -> None:
    plan = AdaptiveConsistency(n=10, window=4).solve(question())
    answer, asked = drive(plan, lambda r: str(r.index % 2))
    assert [r.index for r in asked] == list(range(10))
    assert (answer.value, answer.trace) == ("0", {"samples": 10, "stopped": "n"})


def test_a_window_must_be_unanimous_and_parsed() -> None:
    replies = ["1", "2", "hm", "hm", "2", "2"]
    answer, asked = drive(AdaptiveConsistency(n=12, rule="window", window=2).solve(question()), replies)
    assert (len(asked), answer.value, answer.trace["stopped"]) == (6, "2", "window")
    assert answer.confidence == pytest.approx(3 / 6)


def test_unparsed_answers_do_not_make_the_lead_sure() -> None:
    answer, asked = drive(AdaptiveConsistency(n=8, window=4).solve(question()), lambda r: "hm")
    assert (len(asked), answer.value) == (8, None)


def test_its_samples_are_the_common_pool() -> None:
    _, mine = drive(AdaptiveConsistency(n=8, window=3).solve(question()), lambda r: str(r.index))
    _, common = drive(SelfConsistency(n=8).solve(question()), lambda r: str(r.index))
    assert mine == common


def test_a_failure_is_one_sample_and_the_budget_ends_it_with_what_there_is() -> None:
    answer, _ = drive(AdaptiveConsistency(n=8, window=2).solve(question()), ["3", FAILED, said("5"), REFUSED])
    assert (answer.value, answer.trace) == ("3", {"samples": 3, "stopped": "budget"})
    after = ["3", "4", FAILED, FAILED, "3", "3", "3", "3"]
    answer, _ = drive(AdaptiveConsistency(n=8, window=2).solve(question()), after)
    assert (answer.value, answer.trace) == ("3", {"samples": 8, "stopped": "n"})


def test_nothing_is_derived_from_a_stopped_pool() -> None:
    from eval.estimators.pool import Pool

    assert AdaptiveConsistency(n=8).estimates(Pool(("1",) * 3, (1.0,) * 3)) == []
