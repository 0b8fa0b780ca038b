"""Budget forcing: what is appended where, by hand."""

from __future__ import annotations

import pytest
from driving import FAILED, REFUSED, drive, question, said

from eval.strategies.single.budget_forcing import BudgetForcing
from lab.errors import CompletionError

Q = question()  # 40 tokens an answer


def test_an_early_end_is_opened_again() -> None:
    strategy = BudgetForcing(waits=2, min_tokens=6, answer_tokens=10)
    answer, asked = drive(strategy.solve(Q), [said("It is 3.", tokens=4), said(", no: 4.", tokens=3)])
    assert (answer.text, answer.value) == ("It is 3.\nWait, no: 4.", "4")
    assert [c.value for c in answer.candidates] == ["3", "4"]
    assert [c.completion.usage.completion_tokens for c in answer.candidates] == [4, 7], (
        "forced words are free"
    )
    assert [r.prefix for r in asked] == ["", "It is 3.\nWait"]
    assert [r.sampling.max_tokens for r in asked] == [30, 26], "all but the answer's 10, less what was drawn"
    assert [r.index for r in asked] == [0, 1]
    assert answer.trace == {
        "rounds": [{"role": "draft", "text": "It is 3."}, {"role": "revision", "text": "\nWait, no: 4."}],
        "forced": ["\nWait"],
        "stopped": "ended",
        "tokens": 7,
    }


def test_a_late_end_is_left_alone() -> None:
    answer, asked = drive(BudgetForcing(min_tokens=4).solve(Q), [said("4", tokens=4)])
    assert (answer.text, len(asked), answer.trace["stopped"]) == ("4", 1, "ended")


def test_waits_are_counted() -> None:
    replies = [said(str(i), tokens=1) for i in range(4)]
    answer, _ = drive(BudgetForcing(waits=3, min_tokens=30).solve(Q), replies)
    assert (answer.text, answer.trace["stopped"]) == ("0\nWait1\nWait2\nWait3", "waits")
    assert [c.value for c in answer.candidates] == ["0", "1", "2", "3"]
    assert BudgetForcing(waits=3).label == "budget_forcing@4"
    answer, asked = drive(BudgetForcing(waits=0).solve(Q), [said("4", tokens=1)])
    assert (answer.text, len(asked), answer.trace["stopped"]) == ("4", 1, "waits")


def test_a_thought_that_is_cut_off_must_answer() -> None:
    strategy = BudgetForcing(waits=1, min_tokens=5, max_thinking=8, answer_tokens=3)
    replies = [said("It is 3.", tokens=3), said(" or is it", tokens=5, end="length"), said(" 4", tokens=2)]
    answer, asked = drive(strategy.solve(Q), replies)
    assert answer.text == "It is 3.\nWait or is it\nFinal answer: 4"
    assert [c.text for c in answer.candidates] == ["It is 3.", answer.text]
    assert [r.tag for r in asked] == ["think", "think", "forced"]
    assert [r.sampling.max_tokens for r in asked] == [8, 5, 3]
    assert [r.sampling.stop for r in asked] == [(), (), ("\n\n",)]
    assert asked[2].prefix == "It is 3.\nWait or is it\nFinal answer:"
    assert answer.trace["forced"] == ["\nWait", "\nFinal answer:"]
    assert (answer.trace["stopped"], answer.trace["tokens"]) == ("forced", 10)


def test_the_whole_answer_keeps_to_the_stages_limit() -> None:
    strategy = BudgetForcing(waits=1, min_tokens=0, max_thinking=500, answer_tokens=16)
    _, asked = drive(strategy.solve(Q), [said("a", tokens=24, end="length"), said("4")])
    assert sum(r.sampling.max_tokens for r in asked) == 40
    assert [f for f, _ in BudgetForcing(max_thinking=10).faults()] == ["min_tokens"]


def test_a_stop_string_stays_in_the_text() -> None:
    replies = [said("It is 3", tokens=1, stopped=";"), said(" 4", tokens=30)]
    answer, asked = drive(BudgetForcing(min_tokens=2, waits=1, answer_tokens=1).solve(Q), replies)
    assert asked[1].prefix == "It is 3;\nWait"
    assert answer.text == "It is 3;\nWait 4"


def test_lost_pieces_cost_a_wait_and_the_budget_ends_it() -> None:
    strategy = BudgetForcing(waits=2, min_tokens=30)
    answer, asked = drive(strategy.solve(Q), [FAILED, said("3", tokens=1), FAILED])
    assert (answer.text, answer.trace["stopped"]) == ("3", "lost")
    assert [r.index for r in asked] == [0, 1, 2]
    answer, _ = drive(strategy.solve(Q), [said("3", tokens=1), REFUSED])
    assert (answer.text, answer.trace["stopped"]) == ("3", "budget")
    for end, why in ((FAILED, "lost"), (REFUSED, "budget")):
        answer, _ = drive(strategy.solve(Q), [said("so 3", tokens=8, end="length"), end])
        assert (answer.text, answer.value, answer.trace["stopped"]) == ("so 3", "3", why)
        assert answer.trace["forced"] == []
    with pytest.raises(CompletionError, match="gone"):
        drive(strategy.solve(Q), [FAILED] * 3)
    with pytest.raises(CompletionError, match="budget"):
        drive(strategy.solve(Q), [REFUSED])
