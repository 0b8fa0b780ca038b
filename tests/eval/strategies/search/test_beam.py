"""Beam search by hand: who is kept, who competes in the end, what is charged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driving import FAILED, REFUSED, question
from eval_world import World, completion, rows, run_evaluate
from scripted import ScriptedEngine
from stepping import Story, judged_by_p_true

from eval.strategies.search.beam_search import BeamSearch
from lab.core.types import Completion, Request
from lab.errors import CompletionError

Q = question()
BEAM = judged_by_p_true(BeamSearch)
STEPS = {
    "": ["a\n", "b\n", "c\n", "d\n"],
    "a\n": ["x 1", "y\n"],
    "b\n": ["z\n", "w 2"],
    "b\nz\n": ["so 1", "so 4"],
}
SCORES = {
    **{"a": 0.9, "b": 0.8, "c": 0.3, "d": 0.2},
    **{"a\nx 1": 0.7, "a\ny": 0.6, "b\nz": 0.95, "b\nw 2": 0.1},
    **{"b\nz\nso 1": 0.65, "b\nz\nso 4": 0.75},
}


def test_a_search_by_hand() -> None:
    """a and b are kept; then b z and the finished a x, whose place leaves two steps for the third level."""
    answer, asked = Story(STEPS, SCORES).tell(BEAM, Q)
    assert [r.prefix for r in asked] == [""] * 4 + ["a\n"] * 2 + ["b\n"] * 2 + ["b\nz\n"] * 2
    assert (answer.text, answer.value) == ("b\nz\nso 4", "4")
    assert answer.confidence == pytest.approx(0.75)
    assert [c.text for c in answer.candidates] == ["a\nx 1", "b\nw 2", "b\nz\nso 1", "b\nz\nso 4"]
    assert [c.score for c in answer.candidates] == pytest.approx([0.7, 0.1, 0.65, 0.75])
    assert answer.trace == {"steps": 3, "nodes": 10, "stopped": "finished"}


def test_a_finished_answer_holds_its_place() -> None:
    """a x (0.7) and p (0.6) are the best two of the third level, so that q is not continued."""
    steps = {**STEPS, "b\nz\n": ["p\n", "q\n"], "b\nz\np\n": ["is 5", "is 6"]}
    scores = {**SCORES, "b\nz\np": 0.6, "b\nz\nq": 0.5, "b\nz\np\nis 5": 0.65}
    answer, asked = Story(steps, scores).tell(BEAM, Q)
    assert (answer.value, len(asked)) == ("1", 12)


def test_a_vote_weighs_by_the_scorer() -> None:
    """1: 0.7 + 0.65; 2: 0.1; 4: 0.75."""
    answer, _ = Story(STEPS, SCORES).tell(judged_by_p_true(BeamSearch, select="vote"), Q)
    assert (answer.value, answer.text) == ("1", "a\nx 1")
    assert answer.confidence == pytest.approx(1.35 / 2.2)


def test_all_equal_goes_to_the_first_drawn() -> None:
    steps = {"": ["a\n", "b\n", "c\n", "d\n"], "a\n": ["is 1", "is 2"], "b\n": ["is 3", "is 4"]}
    answer, _ = Story(steps).tell(BEAM, Q)
    assert (answer.value, answer.confidence) == ("1", 0.5)
    vote, _ = Story(steps).tell(judged_by_p_true(BeamSearch, select="vote"), Q)
    assert (vote.value, vote.confidence) == ("1", 0.25)


def test_everything_finished_at_once() -> None:
    answer, asked = Story({"": ["1", "2", "3", "4"]}, {"3": 0.9}).tell(BEAM, Q)
    assert (answer.value, len(asked), answer.trace["steps"]) == ("3", 4, 1)


def test_a_failing_step_is_dropped_and_all_failing_leaves_the_best_so_far() -> None:
    steps = {"": ["a\n", FAILED, "c\n", FAILED], "a\n": ["is 1", FAILED], "c\n": [FAILED, FAILED]}
    answer, _ = Story(steps).tell(BEAM, Q)
    assert (answer.value, answer.trace["nodes"]) == ("1", 3)
    lost = {"": ["a\n", "b 7\n", FAILED, FAILED], "a\n": [FAILED] * 2, "b 7\n": [FAILED] * 2}
    answer, _ = Story(lost, {"b 7": 0.8}).tell(BEAM, Q)
    assert (answer.value, answer.trace["stopped"]) == ("7", "lost")
    with pytest.raises(CompletionError, match="gone"):
        Story({"": [FAILED] * 4}).tell(BEAM, Q)


def test_the_budget_ends_it_with_the_best_whole_answer_else_the_best_partial_one() -> None:
    whole = {"": ["a\n", "is 2", "c\n", "is 4"], "a\n": ["b 5\n", REFUSED]}
    answer, _ = Story(whole, {"a": 0.9, "is 2": 0.6, "a\nb 5": 0.95}).tell(BEAM, Q)
    assert (answer.value, answer.trace["stopped"]) == ("2", "budget")
    partial = {"": ["a 1\n", "b 2\n", REFUSED, REFUSED]}
    answer, _ = Story(partial, {"b 2": 0.6}).tell(BEAM, Q)
    assert (answer.value, answer.text, answer.trace["stopped"]) == ("2", "b 2", "budget")


def test_a_verifier_that_never_answers_is_an_error() -> None:
    class Mute(Story):
        def __call__(self, request):  # type: ignore[no-untyped-def]
            return FAILED if request.role == "verifier" else super().__call__(request)

    with pytest.raises(CompletionError, match="gone"):
        Mute({"": ["1", "2", "3", "4"]}).tell(BEAM, Q)


def test_pruned_beams_are_charged(tmp_path: Path) -> None:
    """Four steps of 2 tokens, two of them pruned, and two ends of 5 behind each kept one: 28 tokens."""

    def writes(request: Request) -> Completion:
        if not request.prefix:
            return replace(completion(request, f"s{request.index}"), stopped="\n")
        return completion(request, "is 11")

    engine = run_evaluate(tmp_path, [BeamSearch(n=4)], engine=ScriptedEngine(writes), tasks=[World(size=1)])
    (answer,) = rows(tmp_path)
    assert (answer["requests"], answer["completion_tokens"], engine.emitted) == (8, 28, 28)
    assert len(answer["candidates"]) == 4
