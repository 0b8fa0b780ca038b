"""Self-verify then retry: who is accepted, and at which try."""

from __future__ import annotations

import pytest
from driving import FAILED, REFUSED, chose, drive, question

from eval.plans.drawing import draw
from eval.scorers import Length, SelfVerify
from eval.strategies.revision.self_verify_then_retry import SelfVerifyThenRetry
from lab.errors import CompletionError

Q = question()
YES, EVEN, NO = chose(Yes=-0.1, No=-3.0), chose(Yes=-1.0, No=-1.0), chose(Yes=-3.0, No=-0.1)
"""P(Yes) = 0.948, 0.5, 0.052."""


def test_it_stops_at_the_first_accepted_try() -> None:
    answer, asked = drive(SelfVerifyThenRetry(n=4).solve(Q), ["3", NO, "4", YES])
    assert (answer.value, answer.trace) == ("4", {"tries": 2, "accepted": 1, "stopped": "accepted"})
    assert answer.confidence == pytest.approx(0.948, abs=1e-3)
    assert [c.value for c in answer.candidates] == ["3", "4"]
    samples = next(draw(Q, 4, None))
    assert [asked[0], asked[2]] == samples[:2], "tries are the pool's samples"
    assert [m["content"] for m in asked[3].messages[:2]] == ["What is 2+2?", "4"], "each is verified alone"


def test_without_an_accepted_one_the_best_scored_answers() -> None:
    answer, _ = drive(SelfVerifyThenRetry(n=3).solve(Q), ["3", NO, "4", EVEN, "5", EVEN])
    assert (answer.value, answer.confidence) == ("4", 0.5), "a tie goes to the one drawn first"
    assert answer.trace == {"tries": 3, "accepted": None, "stopped": "tries"}


def test_the_threshold_is_reached_by_being_equal() -> None:
    answer, _ = drive(SelfVerifyThenRetry(threshold=0.5).solve(Q), ["3", EVEN])
    assert answer.trace["accepted"] == 0
    answer, _ = drive(SelfVerifyThenRetry(n=1, threshold=0.5001).solve(Q), ["3", EVEN])
    assert answer.trace["accepted"] is None


def test_an_unreadable_verdict_accepts_nothing() -> None:
    strategy = SelfVerifyThenRetry(n=2, scorer=SelfVerify())
    answer, _ = drive(strategy.solve(Q), ["3", "Hm.", "4", "Verdict: correct"])
    assert (answer.value, answer.trace["accepted"]) == ("4", 1)
    assert strategy.label == "self_verify_then_retry[self_verify]@2"


def test_an_equal_text_is_not_verified_again() -> None:
    answer, asked = drive(SelfVerifyThenRetry(n=4).solve(Q), ["3", NO, "3", " 3", EVEN, "3"])
    assert [c.score for c in answer.candidates] == pytest.approx([0.052, 0.052, 0.5, 0.052], abs=1e-3)
    assert [r.tag for r in asked] == ["sample", "verify", "sample", "sample", "verify", "sample"]


def test_an_unreadable_answer_is_not_verified() -> None:
    answer, asked = drive(SelfVerifyThenRetry(n=2).solve(Q), ["hm", "4", YES])
    assert (answer.value, len(asked), answer.trace["accepted"]) == ("4", 3, 1)
    answer, _ = drive(SelfVerifyThenRetry(n=2).solve(Q), ["hm", "so"])
    assert (answer.value, answer.text, answer.confidence) == (None, "hm", None)


def test_lost_samples_and_verifications_cost_a_try() -> None:
    answer, _ = drive(SelfVerifyThenRetry(n=3).solve(Q), [FAILED, "3", FAILED, "4", NO])
    assert (answer.value, [c.score is None for c in answer.candidates]) == ("4", [True, True, False])
    answer, _ = drive(SelfVerifyThenRetry(n=1).solve(Q), ["3", FAILED])
    assert (answer.value, answer.confidence) == ("3", None)
    with pytest.raises(CompletionError, match="gone"):
        drive(SelfVerifyThenRetry(n=2).solve(Q), [FAILED, FAILED])


def test_the_budget_ends_it_with_the_best_so_far() -> None:
    answer, _ = drive(SelfVerifyThenRetry(n=4).solve(Q), ["3", EVEN, "4", NO, REFUSED])
    assert (answer.value, answer.trace["stopped"]) == ("3", "budget")
    answer, _ = drive(SelfVerifyThenRetry(n=4).solve(Q), ["3", REFUSED, REFUSED])
    assert (answer.value, answer.trace["stopped"]) == ("3", "budget")
    with pytest.raises(CompletionError, match="budget"):
        drive(SelfVerifyThenRetry().solve(Q), [REFUSED])


def test_a_weight_that_is_no_probability_gives_no_confidence() -> None:
    strategy = SelfVerifyThenRetry(n=2, scorer=Length(), threshold=0.5)
    answer, _ = drive(strategy.solve(Q), ["so it is 3", "4"])
    assert (answer.value, answer.confidence, answer.trace["accepted"]) == ("4", None, 1)
