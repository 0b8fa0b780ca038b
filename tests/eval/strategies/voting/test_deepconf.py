"""DeepConf: its measures by hand, who votes, and traces that are stopped while they are drawn."""

from __future__ import annotations

import pytest
from driving import FAILED, REFUSED, drive, question

from eval.strategies import DeepConf
from eval.strategies.voting.deepconf import measured
from lab.core.types import Completion, Request, Usage
from lab.errors import NumbersError


def trace(text: str, *confidence: float, end: str = "stop") -> Completion:
    count = len(confidence)
    return Completion(text, end, Usage(9, 0, count), (-0.1,) * count, confidence=confidence)  # type: ignore[arg-type]


def test_the_measures_of_a_trace() -> None:
    tokens = [4.0, 2.0, 6.0, 8.0]
    assert measured(tokens, "mean", 2) == 5
    assert measured(tokens, "tail", 2) == 7
    assert measured(tokens, "lowest_group", 2) == 3, "the groups are 3, 4 and 7"
    assert measured(tokens, "bottom_10", 2) == 3
    assert measured(list(range(40)), "bottom_10", 1) == pytest.approx((0 + 1 + 2 + 3) / 4)
    assert measured(tokens, "lowest_group", 99) == 5, "a short trace is one group"
    assert measured([], "mean", 2) == 0


def test_offline_the_least_confident_do_not_vote() -> None:
    replies = [trace("1", 9.0), trace("2", 1.0), trace("2", 1.5), trace("2", 2.0)]
    plain = DeepConf(n=4, keep=1.0, window=1)
    answer, _ = drive(plain.solve(question()), replies)
    assert answer.value == "1", "9 outweighs 1 + 1.5 + 2"
    assert answer.confidence == pytest.approx(9 / 13.5)
    answer, _ = drive(DeepConf(n=4, keep=0.25, window=1).solve(question()), replies)
    assert (answer.value, answer.confidence) == ("1", 1.0)
    assert [c.score for c in answer.candidates] == [9.0, 1.0, 1.5, 2.0]


def online(**changes: object) -> DeepConf:
    settings = {"n": 6, "warmup": 2, "wave": 2, "chunk": 2, "window": 2, "keep": 1.0, "consensus": 0.99}
    return DeepConf(mode="online", **(settings | changes))  # type: ignore[arg-type]


def test_online_a_trace_that_loses_confidence_is_dropped_and_the_rest_go_on() -> None:
    def script(request: Request) -> Completion:
        if request.tag == "sample":
            return trace(f"{request.index}", 5.0, 5.0)
        if not request.prefix:
            sure = 1.0 if request.index == 2 else 6.0
            return trace("so ", sure, sure, end="length")
        return trace("1", 6.0)

    answer, asked = drive(online(n=4).solve(question()), script)
    chunks = [(r.index, r.prefix) for r in asked if r.tag == "chunk"]
    assert chunks == [(2, ""), (3, ""), (3, "so ")], "trace 2 fell below the floor of 5"
    assert answer.trace == {"stopped": "n", "samples": 4, "dropped": 1, "floor": 5.0}
    assert [c.text for c in answer.candidates] == ["0", "1", "so ", "so 1"]
    assert answer.value == "1"


def test_online_stops_when_the_vote_agrees() -> None:
    answer, asked = drive(online().solve(question()), [trace("3", 4.0, 4.0), trace("3", 5.0, 5.0)])
    assert (answer.value, len(asked), answer.trace["stopped"]) == ("3", 2, "consensus")


def test_online_a_trace_is_never_longer_than_a_sample() -> None:
    def script(request: Request) -> Completion:
        if request.tag == "sample":
            return trace(f"{request.index}", 1.0)
        count = request.sampling.max_tokens
        return trace("x " * count, *(5.0,) * count, end="length")

    _, asked = drive(online(n=3, chunk=32).solve(question()), script)
    assert [r.sampling.max_tokens for r in asked if r.tag == "chunk"] == [32, 8]


def test_online_a_lost_trace_keeps_its_place_and_no_sample_votes_twice() -> None:
    def script(request: Request) -> Completion:
        if request.tag == "sample":
            return trace(f"{request.index}", 5.0)
        return FAILED if request.index == 2 else trace("7", 6.0)

    answer, asked = drive(online(chunk=40).solve(question()), script)
    assert [r.index for r in asked if r.tag == "chunk"] == [2, 3, 4, 5]
    assert len(answer.candidates) == 6
    assert not answer.candidates[2].completion.drawn
    assert (answer.value, answer.trace["dropped"]) == ("7", 1)


def test_online_a_trace_that_the_budget_cuts_short_has_no_vote() -> None:
    replies = [
        trace("1", 5.0, 5.0),
        trace("2", 5.0, 5.0),
        trace("9 9", 9.0, 9.0, end="length"),
        trace("1", 5.0, 5.0),
        REFUSED,
    ]
    answer, _ = drive(online(n=6).solve(question()), replies)
    assert (answer.value, answer.trace["stopped"]) == ("1", "budget")
    assert [c.text for c in answer.candidates] == ["1", "2", "9 9", "1"]


def test_an_engine_without_confidences_is_an_error_that_says_so() -> None:
    with pytest.raises(NumbersError, match="no confidences of the tokens"):
        drive(DeepConf(n=2).solve(question()), lambda r: "4")


def test_it_asks_for_certainty() -> None:
    assert DeepConf().certainty
