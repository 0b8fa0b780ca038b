"""Chain of verification: what is asked, in which order, and who sees the draft."""

from __future__ import annotations

from dataclasses import replace

import pytest
from driving import FAILED, REFUSED, drive, question

from eval.plans.drawing import sample_requests
from eval.strategies.revision.chain_of_verification import (
    ALONE,
    PLAN,
    REVISE,
    ChainOfVerification,
    questions_in,
)
from lab.core.types import Answer
from lab.errors import CompletionError

Q = question()
PLANNED = "1. What is 2?\n- Is 2+2 a sum?\nThis one asks nothing.\n3) What is 2?"


def roles(answer: Answer) -> list[str]:
    return [r["role"] for r in answer.trace["rounds"]]


def test_draft_questions_answers_revision() -> None:
    replies = ["It is 3", PLANNED, "Two is {2}.", "Yes.", "So 4"]
    answer, asked = drive(ChainOfVerification(plan_tokens=7, answer_tokens=5).solve(Q), replies)
    assert (answer.value, answer.confidence, answer.trace["stopped"]) == ("4", None, "verified")
    assert roles(answer) == ["draft", "questions", "check", "check", "revision"]
    assert [c.value for c in answer.candidates] == ["3", "4"]
    assert [(r.tag, r.role, r.index) for r in asked] == [
        ("sample", "policy", 0),
        ("plan", "verifier", 1),
        ("verify", "verifier", 1),
        ("verify", "verifier", 2),
        ("revise", "policy", 1),
    ]
    assert [r.sampling.max_tokens for r in asked] == [40, 7, 5, 5, 40]
    assert asked[0] == sample_requests(Q, 1, None)[0]
    contents = [r.messages[-1]["content"] for r in asked]
    about = {"question": "What is 2+2?", "answer": "It is 3"}
    assert contents[1] == PLAN.format(**about, count=3)
    assert contents[2:4] == [ALONE.format(question=q) for q in ("What is 2?", "Is 2+2 a sum?")]
    assert "It is 3" not in contents[2] + contents[3], "factored: the draft is not shown"
    facts = "What is 2? Two is {2}.\nIs 2+2 a sum? Yes."
    assert contents[4] == REVISE.format(**about, facts=facts)


def test_without_something_to_go_on_the_draft_stands() -> None:
    for replies in (["4", "Nothing to ask."], ["4", FAILED], ["4", "Is it?", FAILED], ["4", "Is it?", " "]):
        answer, _ = drive(ChainOfVerification().solve(Q), replies)
        assert (answer.value, answer.trace["stopped"], len(answer.candidates)) == ("4", "nothing to check", 1)


def test_lost_pieces_are_left_out() -> None:
    answer, asked = drive(ChainOfVerification().solve(Q), ["3", "Is it?\nIs it 4?", FAILED, "Yes.", "4"])
    assert "checked:\nIs it 4? Yes.\n" in asked[-1].messages[-1]["content"]
    assert answer.value == "4"
    answer, _ = drive(ChainOfVerification().solve(Q), ["3", "Is it?", "No.", FAILED])
    assert (answer.value, [c.value for c in answer.candidates]) == ("3", ["3", None])
    answer, _ = drive(ChainOfVerification().solve(Q), [FAILED, "3"])
    assert (answer.value, roles(answer)) == ("3", ["draft", "draft"])
    with pytest.raises(CompletionError, match="gone"):
        drive(ChainOfVerification().solve(Q), [FAILED, FAILED])


def test_a_revision_without_an_answer_replaces_nothing() -> None:
    answer, _ = drive(ChainOfVerification().solve(Q), ["3", "Is it?", "No.", "hm"])
    assert answer.value == "3"


def test_the_budget_ends_it_where_it_is() -> None:
    for replies in (["3", REFUSED], ["3", "Is it?", REFUSED], ["3", "Is it?", "No.", REFUSED]):
        answer, _ = drive(ChainOfVerification().solve(Q), replies)
        assert (answer.value, answer.trace["stopped"]) == ("3", "budget")


def test_questions_are_read_line_by_line() -> None:
    text = "Q1: Who?\nQuestion 2. What?\n(3) Where is it?\n* Why?\nHow"
    assert questions_in(text, 9) == ["Who?", "What?", "Where is it?", "Why?"]
    assert questions_in(text, 2) == ["Who?", "What?"]
    assert questions_in("Why?\nWhy?", 9) == ["Why?"]
    assert len(questions_in("x" * 10_000 + "?\n" + "y?" * 10_000, 9)[1]) == 300


def test_system_turns_stay_and_worked_examples_are_for_answers_only() -> None:
    turns = [("system", "Be brief."), ("user", "1+1?"), ("assistant", "2"), ("user", "2+2?")]
    shots = replace(Q, messages=tuple({"role": r, "content": c} for r, c in turns))  # type: ignore[misc]
    _, asked = drive(ChainOfVerification().solve(shots), ["3", "Is it?", "No.", "4"])
    assert [[m["role"] for m in r.messages] for r in asked[1:3]] == [["system", "user"]] * 2
    assert asked[3].messages[:3] == shots.messages[:3]
