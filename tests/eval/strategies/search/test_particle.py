"""Particle filtering: the numbers by hand, and a search in which a weak particle is replaced."""

from __future__ import annotations

from dataclasses import replace
from math import log
from random import Random

import pytest
from driving import FAILED, REFUSED, question
from hypothesis import given
from hypothesis import strategies as st
from stepping import Story, judged_by_p_true

from eval.strategies.search.particle_filtering import ParticleFiltering, effective, logit, softmax, systematic
from lab.core.seeds import derive_seed

Q = question()
FILTER = judged_by_p_true(ParticleFiltering, n=2, ess=1.0)


def test_the_weights_by_hand() -> None:
    assert logit(0.9) == pytest.approx(log(9))
    assert softmax([log(3), 0.0]) == pytest.approx([0.75, 0.25])
    assert softmax([logit(0.9), logit(0.5)]) == pytest.approx([0.9, 0.1]), "odds 9 to 1"
    assert [logit(0.0), logit(1.0)] == pytest.approx([log(1e-9), -log(1e-9)]), "finite"
    assert effective([0.25] * 4) == 4
    assert effective([1.0, 0.0]) == 1
    assert effective([0.5, 0.25, 0.25]) == pytest.approx(8 / 3)


def test_systematic_resampling_by_hand() -> None:
    """Points 0.125, 0.375, 0.625, 0.875 in [0, 0.5), [0.5, 0.6), [0.6, 1)."""
    assert systematic([0.5, 0.1, 0.4], 4, 0.5) == [0, 0, 2, 2]
    assert systematic([0.5, 0.1, 0.4], 4, 0.25) == [0, 0, 1, 2]
    assert systematic([0.25] * 4, 4, 0.99) == [0, 1, 2, 3]


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=8), st.integers(1, 16), st.floats(0, 0.999))
def test_each_is_taken_about_as_often_as_it_weighs(raw: list[float], n: int, lot: float) -> None:
    weights = [w / sum(raw) for w in raw]
    found = systematic(weights, n, lot)
    assert len(found) == n
    for i, weight in enumerate(weights):
        assert abs(found.count(i) - n * weight) < 1 + 1e-6


def test_a_weak_particle_is_replaced_by_a_strong_one() -> None:
    """0.999 against 0.001: weights 0.999999 and 0.000001, so both resampled particles are a."""
    steps = {"": ["a\n", "b\n"], "a\n": ["is 1", "is 2"]}
    scores = {"a": 0.999, "b": 0.001, "a\nis 2": 0.6}
    answer, asked = Story(steps, scores).tell(FILTER, Q)
    assert [r.prefix for r in asked] == ["", "", "a\n", "a\n"]
    assert (answer.value, answer.confidence) == ("2", pytest.approx(0.6))
    assert answer.trace == {"steps": 2, "nodes": 4, "stopped": "finished"}


def test_even_weights_and_a_low_ess_leave_everybody() -> None:
    steps = {"": ["a\n", "b\n"], "a\n": ["is 1"], "b\n": ["is 2"]}
    for scores, ess in [({}, 1.0), ({"a": 0.999, "b": 0.001}, 0.0)]:
        strategy = judged_by_p_true(ParticleFiltering, n=2, ess=ess)
        answer, _ = Story(steps, scores).tell(strategy, Q)
        assert [c.value for c in answer.candidates] == ["1", "2"]


def test_the_threshold_and_the_temperature() -> None:
    """Scores 0.9 and 0.5 weigh 0.9 and 0.1: 1 / (0.81 + 0.01) = 1.22 effective of 2, 0.61 of n."""
    lot, q = Random(derive_seed("particles", 2, "q")).random(), replace(Q, seed=2)
    kept = {"": ["a\n", "b\n"], "a\n": ["is 1"], "b\n": ["is 2"]}
    moved = {"": ["a\n", "b\n"], "a\n": ["is 1", "is 3"]}
    assert (lot + 1) / 2 < 0.9, "the second point falls on a as well"
    scores = {"a": 0.9}
    Story(kept, scores).tell(judged_by_p_true(ParticleFiltering, n=2, ess=0.6), q)
    Story(moved, scores).tell(judged_by_p_true(ParticleFiltering, n=2, ess=0.62), q)
    Story(kept, scores).tell(judged_by_p_true(ParticleFiltering, n=2, ess=0.62, weight_temperature=9.0), q)


def test_a_finished_particle_is_not_drawn_again_and_may_be_taken_twice() -> None:
    steps = {"": ["is 1", "b\n"]}
    answer, asked = Story(steps, {"is 1": 0.999, "b": 0.001}).tell(FILTER, Q)
    assert (len(asked), [c.value for c in answer.candidates]) == (2, ["1", "1"])
    steps = {"": ["is 1", "b\n"], "b\n": ["is 2"]}
    answer, asked = Story(steps, {"is 1": 0.4}).tell(judged_by_p_true(ParticleFiltering, n=2, ess=0.1), Q)
    assert [c.value for c in answer.candidates] == ["1", "2"]


def test_lost_particles_are_filled_up() -> None:
    steps = {"": ["a\n", FAILED], "a\n": ["is 1", "is 2"]}
    answer, _ = Story(steps, {"a\nis 2": 0.8}).tell(FILTER, Q)
    assert answer.value == "2"


def test_the_budget_ends_it() -> None:
    steps = {"": ["is 1", "b\n"], "b\n": [REFUSED]}
    strategy = judged_by_p_true(ParticleFiltering, n=2, ess=0.0, select="vote")
    answer, _ = Story(steps).tell(strategy, Q)
    assert (answer.value, answer.trace["stopped"]) == ("1", "budget")


def test_the_lots_follow_the_seed_of_the_run() -> None:
    """0.9 and 0.8 weigh 9 and 4 of 13: the second point, (lot + 1) / 2, falls on b where the lot is high."""
    found = set()
    for seed in (0, 1, 2, 3, 4, 5, 6, 7, 0, 1):
        high = (Random(derive_seed("particles", seed, "q")).random() + 1) / 2 > 9 / 13
        steps = {"": ["a\n", "b\n"], "a\n": ["is 1"] if high else ["is 1", "is 3"]}
        steps |= {"b\n": ["is 2"]} if high else {}
        answer, _ = Story(steps, {"a": 0.9, "b": 0.8}).tell(FILTER, replace(Q, seed=seed))
        found.add(tuple(c.value for c in answer.candidates))
        assert (answer.candidates[1].value == "2") == high
    assert found == {("1", "2"), ("1", "3")}
