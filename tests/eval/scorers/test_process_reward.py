"""Process reward: which beginnings are asked about, and every aggregation by hand."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest
from driving import FAILED, chose, drive, question, said

from eval.scorers.judges.process_reward import Aggregation, ProcessRewardScorer, aggregate, beginnings
from eval.strategies import BestOfN
from lab.core.types import Candidate, Completion, Request
from lab.errors import CompletionError

Q = question()
TEXT = "a\n\nb\nc"
P = {"a": 0.5, "a\n\nb": 0.2, "a\n\nb\nc": 0.8, "d": 0.25}
BY_HAND = [("last", 0.8), ("min", 0.2), ("product", 0.08), ("mean", 0.5)]


def answers(*texts: str) -> list[Candidate]:
    return [Candidate(said(text), None) for text in texts]


def verifier(request: Request) -> Completion:
    return verdict(request.messages[-2]["content"])


def verdict(text: str) -> Completion:
    return chose(Yes=log(P[text]), No=log(1 - P[text]))


@pytest.mark.parametrize(("how", "expected"), BY_HAND)
def test_each_aggregation_by_hand(how: Aggregation, expected: float) -> None:
    scorer = ProcessRewardScorer(aggregation=how)
    (score,), asked = drive(scorer.plan(Q, answers(TEXT)), verifier)
    assert score == pytest.approx(expected)
    assert scorer.weight(score) == score
    assert [r.messages[-2]["content"] for r in asked] == (list(P)[2:3] if how == "last" else list(P)[:3])
    assert {(r.role, r.sampling.allowed_tokens, r.sampling.max_tokens) for r in asked} == {
        ("verifier", ("Yes", "No"), 1)
    }
    assert scorer.label == f"process_reward({how})"


@pytest.mark.parametrize(("how", "expected"), BY_HAND)
def test_a_classifier_gives_one_score_a_step(how: Aggregation, expected: float) -> None:
    scorer = ProcessRewardScorer(by="classifier", model="prm", aggregation=how)
    verdicts = [replace(said(""), scores=(0.5, 0.2, 0.8)), replace(said(""), scores=(0.25,))]
    scores, asked = drive(scorer.plan(Q, answers(TEXT, "", "d")), verdicts)
    assert scores == pytest.approx([expected, 0.0, 0.25])
    assert [(r.role, r.model, r.messages[-1]["content"]) for r in asked] == [
        ("reward", "prm", TEXT),
        ("reward", "prm", "d"),
    ]


def test_what_is_no_process_reward_model_is_refused() -> None:
    scorer = ProcessRewardScorer(by="classifier", model="prm")
    for scores in [(0.5,), (0.1, 0.2, 1.5)]:
        with pytest.raises(ValueError, match="expected 3 scores"):
            drive(scorer.plan(Q, answers(TEXT)), [replace(said(""), scores=scores)])
    assert [field for field, _ in ProcessRewardScorer(by="classifier").faults()] == ["model"]
    assert not list(scorer.faults())


def test_equal_beginnings_are_asked_about_once() -> None:
    (first, second), asked = drive(
        ProcessRewardScorer(aggregation="min").plan(Q, answers("a\n\nb", "a\n\nb\nc")), verifier
    )
    assert (first, second, len(asked)) == (pytest.approx(0.2), pytest.approx(0.2), 3)


def test_steps_of_a_text() -> None:
    assert beginnings(TEXT, "\n") == ["a", "a\n\nb", "a\n\nb\nc"]
    assert beginnings("\n \n", "\n") == []
    assert beginnings("x##y##", "##") == ["x", "x##y"]
    scores, asked = drive(ProcessRewardScorer(aggregation="mean").plan(Q, answers("", "\n")), [])
    assert (scores, asked) == ([0.0, 0.0], [])


def test_a_product_of_very_many_steps_is_zero_and_harms_nothing() -> None:
    assert aggregate([0.1] * 400, "product") == 0.0
    assert aggregate([1e-3] * 100, "product") == pytest.approx(1e-300)
    assert aggregate([0.1] * 400, "mean") == pytest.approx(0.1)


def test_a_step_that_cannot_be_judged_is_a_half_and_all_of_them_an_error() -> None:
    one = [chose(Yes=log(0.9), No=log(0.1)), FAILED, chose(Yes=log(0.9), No=log(0.1))]
    (score,), _ = drive(ProcessRewardScorer(aggregation="min").plan(Q, answers(TEXT)), one)
    assert score == 0.5
    with pytest.raises(CompletionError):
        drive(ProcessRewardScorer(aggregation="min").plan(Q, answers(TEXT)), [FAILED] * 3)
    scorer = ProcessRewardScorer(by="classifier", model="prm", aggregation="mean")
    scores, _ = drive(scorer.plan(Q, answers(TEXT, "d")), [FAILED, replace(said(""), scores=(1.0,))])
    assert scores == [0.5, 1.0]


def test_it_serves_strategies_of_whole_answers() -> None:
    strategy = BestOfN(n=2, scorer=ProcessRewardScorer(aggregation="product"))
    replies = ["a\n\nb\nc", "d", *map(verdict, ["a", "a\n\nb", "a\n\nb\nc", "d"])]
    answer, _ = drive(strategy.plan(Q), replies)
    assert (answer.text, answer.confidence) == ("d", pytest.approx(0.25)), "0.25 against 0.08"
