"""Lookahead search by hand: steps are scored where their rollouts end."""

from __future__ import annotations

import pytest
from driving import FAILED, REFUSED, question
from stepping import Story, judged_by_p_true

from eval.strategies.search.beam_search import BeamSearch
from eval.strategies.search.lookahead import Lookahead

Q = question()
LOOK = judged_by_p_true(Lookahead, n=2)
SCORES = {"a": 0.9, "b": 0.1, "a\nbad": 0.2, "b\ngood": 0.8, "b\nis 1": 0.6, "b\nis 2": 0.7}


def test_a_step_is_worth_what_it_leads_to() -> None:
    """Beam search would keep a (0.9); its rollout ends in 0.2, that of b in 0.8."""
    steps = {"": ["a\n", "b\n"], "a\n": ["bad\n"], "b\n": ["good\n", "is 1", "is 2"]}
    answer, asked = Story(steps, SCORES).tell(LOOK, Q)
    assert [(r.tag, r.prefix) for r in asked] == [
        ("step", ""),
        ("step", ""),
        ("rollout", "a\n"),
        ("rollout", "b\n"),
        ("step", "b\n"),
        ("step", "b\n"),
    ]
    assert [r.sampling.temperature for r in asked] == [0.8, 0.8, 0.0, 0.0, 0.8, 0.8]
    assert (answer.text, answer.confidence) == ("b\nis 2", pytest.approx(0.7))
    assert [c.text for c in answer.candidates] == ["b\nis 1", "b\nis 2"], "rollouts are not kept"
    assert answer.trace == {"steps": 2, "nodes": 6, "stopped": "finished"}


def test_a_rollout_goes_on_for_as_many_steps_and_ends_with_the_answer() -> None:
    steps = {"": ["a\n", "b\n"], "a\n": ["x\n", "is 3", "is 4"], "a\nx\n": ["y"], "b\n": ["z"]}
    scores = {"a\nx\ny": 0.9, "b\nz": 0.4, "a\nis 4": 0.8}
    answer, asked = Story(steps, scores).tell(judged_by_p_true(Lookahead, n=2, ahead=2), Q)
    assert [r.prefix for r in asked if r.tag == "rollout"] == ["a\n", "b\n", "a\nx\n"]
    assert answer.value == "4"


def test_none_ahead_is_beam_search() -> None:
    steps = {"": ["a\n", "b\n"], "a\n": ["is 1", "is 2"]}
    ahead, asked = Story(steps, SCORES).tell(judged_by_p_true(Lookahead, n=2, ahead=0), Q)
    beam, same = Story(steps, SCORES).tell(judged_by_p_true(BeamSearch, n=2), Q)
    assert (ahead, asked) == (beam, same)


def test_a_lost_rollout_scores_the_step_itself_and_the_budget_ends_it() -> None:
    steps = {"": ["a\n", "b\n"], "a\n": [FAILED, "is 1", "is 2"], "b\n": ["good\n"]}
    answer, _ = Story(steps, SCORES).tell(LOOK, Q)
    assert answer.value == "1", "a itself has 0.9"
    cut = {"": ["a 1\n", "is 2"], "a 1\n": [REFUSED]}
    answer, _ = Story(cut, {"a 1": 0.9}).tell(LOOK, Q)
    assert (answer.value, answer.trace["stopped"]) == ("2", "budget")
    cut = {"": ["a 1\n", "b 2\n"], "a 1\n": ["x\n"], "b 2\n": [REFUSED]}
    answer, _ = Story(cut, {"b 2": 0.9}).tell(LOOK, Q)
    assert (answer.text, len(answer.candidates)) == ("b 2", 2)
    assert [field for field, _ in Lookahead(n=5).faults()] == ["n"]
