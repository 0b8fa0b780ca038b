"""Pairwise comparisons: brackets, both orders, ties, by hand."""

from __future__ import annotations

import re
from math import inf

import pytest
from driving import FAILED, REFUSED, chose, drive, question, said

from eval.strategies.selection.tournament import Tournament, preference
from lab.core.types import Completion, Request
from lab.errors import NumbersError

Q = question()


def pair(request: Request) -> tuple[str, str]:
    a, b = re.findall(r"Solution [AB]:\nIt is (\d+)", request.messages[-1]["content"])
    return a, b


def script(numbers: list[int | None], strength: dict[str, float], bias: float = 0.0) -> object:
    """Samples that say these numbers, and a judge with a strength for each and a liking for letter A."""

    def reply(request: Request) -> str | Completion:
        if request.tag == "sample":
            n = numbers[request.index]
            return "hm" if n is None else f"It is {n}"
        a, b = pair(request)
        return chose(A=strength[a] + bias - 9, B=strength[b] - 9)

    return reply


STRENGTH = {"1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0}


def compared(asked: list[Request]) -> list[tuple[str, str]]:
    return [pair(r) for r in asked if r.tag == "compare"]


def test_a_knockout_by_hand() -> None:
    """Votes seed: 2 has two, then 1, 3, 4 as drawn. Round 1: 2-4 and 1-3; round 2: 3-4."""
    answer, asked = drive(Tournament(n=5).solve(Q), script([1, 2, 3, 4, 2], STRENGTH))
    assert compared(asked) == [("2", "4"), ("4", "2"), ("1", "3"), ("3", "1"), ("3", "4"), ("4", "3")]
    assert (answer.value, answer.confidence) == ("4", 0.2)
    assert [c.score for c in answer.candidates] == [0.0, 0.0, 1.0, 2.0, 0.0]
    assert answer.trace == {
        "comparisons": 6,
        "wins": {"1": 0.0, "2": 0.0, "3": 1.0, "4": 2.0},
        "stopped": "decided",
    }
    assert [r.index for r in asked if r.tag == "compare"] == [0, 1, 2, 3, 4, 5]
    assert {(r.role, r.sampling.max_tokens, r.sampling.allowed_tokens) for r in asked[5:]} == {
        ("verifier", 1, ("A", "B"))
    }


def test_an_odd_field_gives_the_most_voted_a_bye() -> None:
    answer, asked = drive(Tournament(n=4).solve(Q), script([3, 1, 2, 1], STRENGTH))
    assert compared(asked)[::2] == [("3", "2"), ("1", "3")]
    assert answer.value == "3"


def test_a_round_robin_by_hand() -> None:
    strategy = Tournament(n=3, rounds="round_robin")
    answer, asked = drive(strategy.solve(Q), script([1, 2, 3], STRENGTH))
    assert compared(asked)[::2] == [("1", "2"), ("1", "3"), ("2", "3")]
    assert (answer.value, [c.score for c in answer.candidates]) == ("3", [0.0, 1.0, 2.0])
    assert strategy.label == "tournament[round_robin]@3"
    cycle = {("1", "2"): 1, ("1", "3"): -1, ("2", "3"): 1}

    def rock_paper_scissors(request: Request) -> str | Completion:
        if request.tag == "sample":
            return f"It is {request.index + 1}"
        a, b = pair(request)
        odds = cycle[(a, b)] if (a, b) in cycle else -cycle[(b, a)]
        return chose(A=-2 + odds / 2, B=-2 - odds / 2)

    answer, _ = drive(strategy.solve(Q), rock_paper_scissors)
    assert (answer.value, set(answer.trace["wins"].values())) == ("1", {1.0}), "all even: the first drawn"


def test_a_liking_for_a_letter_cancels_only_in_both_orders() -> None:
    biased = script([1, 4], STRENGTH, bias=50.0)
    assert drive(Tournament(n=2).solve(Q), biased)[0].value == "4"
    answer, asked = drive(Tournament(n=2, both_orders=False).solve(Q), biased)
    assert (answer.value, len(compared(asked))) == ("1", 1), "A was shown first and won"


def test_ties_go_to_the_answer_with_more_votes() -> None:
    even = dict.fromkeys("1234", 0.0)
    assert drive(Tournament(n=3).solve(Q), script([1, 2, 2], even))[0].value == "2"
    answer, _ = drive(Tournament(n=3, rounds="round_robin").solve(Q), script([1, 2, 2], even))
    assert (answer.value, answer.trace["wins"]) == ("2", {"1": 0.5, "2": 0.5})


def test_equal_answers_never_meet() -> None:
    answer, asked = drive(Tournament(n=3).solve(Q), script([4, 4, None], STRENGTH))
    assert (answer.value, compared(asked), answer.confidence) == ("4", [], 2 / 3)
    assert [c.score for c in answer.candidates] == [0.0, 0.0, 0.0]
    answer, asked = drive(Tournament(n=2).solve(Q), script([None, None], STRENGTH))
    assert (answer.value, answer.text, answer.confidence, len(asked)) == (None, "hm", 0.0, 2)


@pytest.mark.parametrize("rounds", ["knockout", "round_robin"])
def test_lost_comparisons_and_the_budget(rounds: str) -> None:
    def replies(last: Completion) -> object:
        return lambda r: f"It is {[1, 2, 2, 3][r.index]}" if r.tag == "sample" else last

    strategy = Tournament(n=4, rounds=rounds)  # type: ignore[arg-type]
    answer, _ = drive(strategy.solve(Q), replies(FAILED))
    assert (answer.value, answer.trace["stopped"]) == ("2", "decided")
    answer, asked = drive(strategy.solve(Q), replies(REFUSED))
    assert (answer.value, answer.trace["stopped"]) == ("2", "budget")
    assert len(compared(asked)) == (2 if rounds == "knockout" else 6), "nothing more is asked"


def test_a_failed_sample_has_no_score() -> None:
    answer, _ = drive(Tournament(n=2).solve(Q), ["It is 4", FAILED])
    assert [c.score for c in answer.candidates] == [0.0, None]


def test_preferences() -> None:
    assert preference(chose(A=-1.0, B=-3.0)) == 2.0
    assert preference(chose(A=-inf, B=-3.0)) == -700.0
    with pytest.raises(NumbersError, match="a total probability of only 0"):
        preference(chose(A=-inf, B=-inf))
    with pytest.raises(NumbersError, match="'A', 'B'"):
        preference(said("A"))
