"""Ratings by hand: expected digits, written votes, what cannot be read."""

from __future__ import annotations

from math import inf, log

import pytest
from driving import FAILED, REFUSED, drive, question, said

from eval.scorers.judges.rubric import Rubric, digit_rating, written_rating
from lab.core.types import Candidate, Completion
from lab.errors import CompletionError, NumbersError
from lab.language.wording import RUBRIC

Q = question()
POOL = [Candidate(said("It is 4"), "4"), Candidate(said("It is 5"), "5")]


def digits(**probabilities: float) -> Completion:
    """`d3=0.5` is digit 3 with probability 0.5; the others are impossible."""
    choices = dict.fromkeys("123456789", -inf)
    choices |= {name[1:]: log(p) for name, p in probabilities.items()}
    return said("3", end="length", choices=choices)


def test_one_token_gives_the_expected_digit() -> None:
    replies = [digits(d9=0.2, d5=0.6), digits(d1=0.01)]
    scores, asked = drive(Rubric().score(Q, POOL), replies)
    assert scores == pytest.approx([(9 * 0.25 + 5 * 0.75 - 1) / 8, 0.0]), "normalised over the digits"
    assert [(r.role, r.tag, r.sampling.max_tokens, r.sampling.temperature) for r in asked] == [
        ("verifier", "rate", 1, 0.0)
    ] * 2
    assert asked[0].sampling.allowed_tokens == tuple("123456789")
    assert [m["content"] for m in asked[1].messages[:2]] == ["What is 2+2?", "It is 5"]
    assert RUBRIC in asked[0].messages[2]["content"]


def test_digits_in_the_limits() -> None:
    assert digit_rating(digits(d9=0.01)) == pytest.approx(1.0)
    for unlikely in (digits(d9=1e-300), digits()):
        with pytest.raises(NumbersError, match="starts its answer with something else"):
            digit_rating(unlikely)
    assert digit_rating(FAILED) == digit_rating(REFUSED) == 0.5
    assert digit_rating(said("7", choices={"7": -1.0})) == pytest.approx(6 / 8), "what the engine reports"
    with pytest.raises(NumbersError, match="no log-probabilities"):
        digit_rating(said("7"))


def test_written_votes_are_averaged() -> None:
    scorer = Rubric(votes=2, rubric="Be brief {please}.")
    replies = ["Good. Rating: 10", "Bad. Rating: 1", "Rating: 4/10", "no idea"]
    scores, asked = drive(scorer.score(Q, POOL), replies)
    assert scores == pytest.approx([(1.0 + 0.0) / 2, (3 / 9 + 0.5) / 2])
    assert [r.index for r in asked] == [0, 1, 0, 1]
    assert "Be brief {please}." in asked[0].messages[2]["content"]
    assert len(list(Rubric(votes=2, temperature=0).faults())) == 1
    assert not list(Rubric(votes=1, temperature=0).faults())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Rating: 10", 1.0),
        ("**Rating:** 1", 0.0),
        ("Rating: 3. No, rating is 7", 6 / 9),
        ("Rating: 11", 0.5),
        ("Rating: 0", 0.5),
        ("Rating: 7.5", 0.5),
        ("Operating 7", 0.5),
        ("7", 0.5),
        ("", 0.5),
    ],
)
def test_written_ratings(text: str, value: float) -> None:
    assert written_rating(said(text)) == pytest.approx(value)


def test_a_judge_that_never_answers_fails_the_plan() -> None:
    with pytest.raises(CompletionError, match="gone"):
        drive(Rubric().score(Q, POOL), [FAILED, FAILED])
    assert drive(Rubric().score(Q, POOL), [FAILED, digits(d9=1.0)])[0] == pytest.approx([0.5, 1.0])
