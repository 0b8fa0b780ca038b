"""Diverse verifier tree search by hand."""

from __future__ import annotations

import pytest
from driving import FAILED, REFUSED, question
from stepping import Story, judged_by_p_true

from eval.strategies.search.dvts import Dvts

Q = question()
DVTS = judged_by_p_true(Dvts)
STEPS = {
    "": ["a\n", "b\n", "c\n", "d\n"],
    "b\n": ["is 1", "e\n"],
    "c\n": ["is 2", "is 3"],
    "b\ne\n": ["is 4", "is 5"],
}
SCORES = {"a": 0.8, "b": 0.9, "c": 0.2, "d": 0.1, "b\nis 1": 0.3, "b\ne": 0.4, "c\nis 3": 0.6}
SCORES |= {"b\ne\nis 4": 0.55}


def test_subtrees_do_not_compete() -> None:
    """a scores above c but belongs to the first subtree, which keeps b; the second keeps c."""
    answer, asked = Story(STEPS, SCORES).tell(DVTS, Q)
    assert [r.prefix for r in asked] == [""] * 4 + ["b\n"] * 2 + ["c\n"] * 2 + ["b\ne\n"] * 2
    assert [c.text for c in answer.candidates] == ["b\ne\nis 4", "c\nis 3"], "one end of each subtree"
    assert (answer.value, answer.trace) == ("3", {"steps": 3, "nodes": 10, "stopped": "finished"})
    assert answer.confidence == pytest.approx(0.6)


def test_a_vote_over_the_ends() -> None:
    steps = {"": ["is 1", "b\n", "is 1", "is 2", "is 3", "is 4"]}
    scores = {"is 1": 0.6, "is 3": 0.9, "is 2": 0.5}
    answer, _ = Story(steps, scores).tell(judged_by_p_true(Dvts, n=6, select="vote"), Q)
    assert (answer.value, answer.confidence) == ("1", pytest.approx(1.2 / 2.1))


def test_a_lost_subtree_is_given_up() -> None:
    steps = {"": ["a\n", FAILED, "c\n", "d\n"], "a\n": [FAILED, FAILED], "c\n": ["is 2", FAILED]}
    answer, _ = Story(steps).tell(DVTS, Q)
    assert [c.value for c in answer.candidates] == ["2"]


def test_the_budget_and_uneven_numbers() -> None:
    steps = {"": ["a\n", "b\n", "is 2", "d\n"], "a\n": [REFUSED, REFUSED]}
    answer, _ = Story(steps).tell(DVTS, Q)
    assert (answer.value, answer.trace["stopped"]) == ("2", "budget")
    steps = {"": ["a 3\n", "b\n", "c\n", "d\n"], "a 3\n": ["e 4\n", REFUSED], "c\n": [REFUSED] * 2}
    answer, _ = Story(steps).tell(DVTS, Q)
    assert (answer.text, answer.trace["stopped"]) == ("a 3\ne 4", "budget")
    assert [field for field, _ in Dvts(n=5).faults()] == ["n"]
