"""The scorers that are confidences: stated, by fresh samples, by their entropy, by what they support."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import exp, log
from pathlib import Path

import pytest
from driving import FAILED, REFUSED, chose, drive, question, said
from eval_world import rows, run_evaluate

from eval.plans.drawing import candidate, sample_requests
from eval.scorers import PTrue, SampleAgreement, SelfCheck, SemanticEntropy, Verbalized
from eval.scorers.agreement.semantic_entropy import answer_classes, entropy
from eval.strategies import AnswerWithConfidence, BestOfN, SelfConsistency
from eval.strategies.compatibility import check_strategies
from lab.core.fields import without_effect
from lab.core.types import Candidate, Request, Sampling
from lab.errors import CompletionError, InputError
from lab.language.wording import HOW_SURE, read_percentage

Q = question()
YES, NO = chose(Yes=-0.1, No=-3.0), chose(Yes=-3.0, No=-0.1)
P_YES = exp(-0.1) / (exp(-0.1) + exp(-3.0))


def one(text: str) -> Candidate:
    return candidate(Q, said(text))


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("85%", 0.85),
        ("85 %", 0.85),
        ("**85%**", 0.85),
        ("I am 90 percent sure that 42 is right.", 0.9),
        ("The answer is 42, I am 70% sure.", 0.7),
        ("12.5%", 0.125),
        ("100%", 1.0),
        ("0%", 0.0),
        ("70%-80%", 0.7),
        ("85/100", 0.85),
        ("8 out of 10", 0.8),
        ("85", 0.85),
        (" 85.\n", 0.85),
        ("1", 0.01),
        ("0.85", 0.85),
        ("1.0", 1.0),
        ("Confidence: 85", 0.85),
        ("Probability: 0.7", 0.7),
        ("My confidence level is 60", 0.6),
        ("150%", None),
        ("850", None),
        ("Confidence: 8500", None),
        ("The answer is 42.", None),
        ("42 is the answer", None),
        ("Confidence: 3 out of 7", None),
        ("Very sure.", None),
        ("", None),
    ],
)
def test_percentages_are_read_and_nothing_else_is(text: str, sure: float | None) -> None:
    assert read_percentage(text) == (sure if sure is None else pytest.approx(sure))


def test_reading_a_percentage_takes_linear_time() -> None:
    for text in ("1" * 200_000, "confidence " * 50_000, "probability is of " * 30_000, "." * 200_000 + "9"):
        assert read_percentage(text) is None


def test_verbalized_asks_behind_the_answer() -> None:
    scores, asked = drive(Verbalized().plan(Q, [one("It is 4"), one("5"), one("6")]), ["80%", "Hm.", FAILED])
    assert scores == [0.8, 0.5, 0.5]
    assert [m["content"] for m in asked[0].messages] == ["What is 2+2?", "It is 4", HOW_SURE]
    assert {(r.role, r.tag, r.sampling.temperature, r.sampling.max_tokens) for r in asked} == {
        ("verifier", "confidence", 0.0, 16)
    }
    with pytest.raises(CompletionError, match="gone"):
        drive(Verbalized().plan(Q, [one("4")]), [FAILED])


def test_agreement_counts_fresh_samples_of_the_common_pool() -> None:
    scorer = SampleAgreement(samples=4)
    scores, asked = drive(scorer.plan(Q, [one("4"), one("so 5"), one("hm")]), ["is 4", "4", "5", "hm"])
    assert scores == [0.5, 0.25, 0.0], "what cannot be read agrees with nobody"
    assert asked == sample_requests(Q, 4, None), "the requests of every strategy that samples"
    assert drive(SampleAgreement(samples=3).plan(Q, [one("4")]), ["4", FAILED, REFUSED])[0] == [1.0]
    assert drive(SampleAgreement(samples=2).plan(Q, [one("4")]), [REFUSED] * 2)[0] == [0.5]
    with pytest.raises(CompletionError, match="gone"):
        drive(SampleAgreement(samples=2).plan(Q, [one("4")]), [FAILED] * 2)
    _, asked = drive(SampleAgreement(samples=2, temperature=0.3, model="big").plan(Q, [one("4")]), ["4", "4"])
    assert {(r.sampling.temperature, r.model) for r in asked} == {(0.3, "big")}


@pytest.mark.parametrize(
    ("replies", "shares"),
    [
        (["4", "is 4", "so 4", "4"], [1.0]),
        (["4", "4", "5", "5"], [0.5, 0.5]),
        (["4", "4", "4", "5"], [0.75, 0.25]),
        (["4", "4", "hm", "well"], [0.5, 0.25, 0.25]),
        (["hm", "hm", "hm", "hm"], [0.25] * 4),
        (["4", "4", "5", FAILED], [2 / 3, 1 / 3]),
    ],
)
def test_semantic_entropy_of_answers(replies: list[str], shares: list[float]) -> None:
    scorer = SemanticEntropy(samples=4)
    scores, asked = drive(scorer.plan(Q, [one("9"), one("4")]), replies)
    wanted = -sum(p * log(p) for p in shares)
    assert scores == pytest.approx([-wanted] * 2), "the candidate is not counted"
    assert scorer.weight(scores[0]) == pytest.approx(1 - wanted / log(4))
    assert len(asked) == 4
    assert not scorer.probability


def test_semantic_entropy_without_a_sample_says_nothing() -> None:
    scorer = SemanticEntropy(samples=3)
    (score,), _ = drive(scorer.plan(Q, [one("4")]), [REFUSED] * 3)
    assert scorer.weight(score) == pytest.approx(0.5)
    with pytest.raises(CompletionError, match="gone"):
        drive(scorer.plan(Q, [one("4")]), [FAILED] * 3)


def test_classes_and_entropy() -> None:
    assert answer_classes(["a", None, "b", "a", None]) == [0, 1, 2, 0, 3]
    assert entropy([0, 0, 0]) == 0
    assert entropy([0, 1, 2, 3]) == pytest.approx(log(4))


def meaning(request: Request) -> str:
    """Numbers mean what their text says: `a` entails `b` when b's words are a subset of a's."""
    content = request.messages[-1]["content"]
    first, second = (content.split(f"Answer {i}:\n")[1].split("\n\n")[0] for i in (1, 2))
    return "Yes" if set(second.split()) <= set(first.split()) else "No"


def talk(texts: list[str]) -> Callable[[Request], object]:
    def script(request: Request) -> object:
        if request.tag == "sample":
            return said(texts[request.index])
        return YES if meaning(request) == "Yes" else NO

    return script


def test_entailment_must_hold_both_ways_and_the_first_class_wins() -> None:
    texts = ["red big", "big red", "big", "red big", "old", "red  big"]
    scorer = SemanticEntropy(samples=6, entailment=True, model="judge")
    scores, asked = drive(scorer.plan(Q, [one("x")]), talk(texts))  # type: ignore[arg-type]
    shares = [4 / 6, 1 / 6, 1 / 6]
    assert scores == pytest.approx([sum(p * log(p) for p in shares)])
    assert [r.model for r in asked] == [""] * 6 + ["judge"] * (len(asked) - 6), "samples are the policy's"
    checks = [r for r in asked if r.tag == "entail"]
    assert len(checks) == 2 * (1 + 1 + 2 + 3), "an equal text is not asked about"
    assert all(r.sampling.allowed_tokens == ("Yes", "No") and r.role == "verifier" for r in checks)
    assert scorer.label == "semantic_entropy+entailment:judge"


def test_equal_answers_are_one_class_unasked_and_lost_checks_entail_nothing() -> None:
    scorer = SemanticEntropy(samples=3, entailment=True)
    scores, asked = drive(scorer.plan(Q, [one("x")]), ["4", "is 4", "so 4"])
    assert (scores, len(asked)) == ([0.0], 3)
    scores, _ = drive(scorer.plan(Q, [one("x")]), ["4", "4", "5", YES, FAILED])
    assert scores == pytest.approx([2 / 3 * log(2 / 3) + 1 / 3 * log(1 / 3)])
    with pytest.raises(CompletionError, match="gone"):
        drive(scorer.plan(Q, [one("x")]), ["4", "4", "5", FAILED, FAILED])


def test_selfcheck_is_the_mean_support() -> None:
    scorer = SelfCheck(samples=2, model="judge")
    pool = [one("It is 4"), one("It is 5")]
    scores, asked = drive(scorer.plan(Q, pool), ["is 4", "or 4", YES, YES, NO, FAILED])
    assert scores == pytest.approx([P_YES, (1 - P_YES + 0.5) / 2])
    assert [r.model for r in asked] == ["", "", *["judge"] * 4]
    content = asked[2].messages[-1]["content"]
    assert [part in content for part in ("What is 2+2?", "Context:\nis 4", "Answer:\nIt is 4")] == [True] * 3
    assert drive(scorer.plan(Q, pool), [REFUSED, REFUSED])[0] == [0.5, 0.5]


def test_p_true_after_brainstormed_ideas() -> None:
    scorer = PTrue(shown=3, model="judge")
    scores, asked = drive(scorer.plan(Q, [one("It is 4")]), ["3", FAILED, "or 5", YES])
    assert scores == pytest.approx([P_YES])
    content = asked[-1].messages[-1]["content"]
    assert "ideas:\n- 3\n- or 5\n\nPossible answer:\nIt is 4" in content
    assert asked[:3] == sample_requests(Q, 3, None)
    assert ([r.model for r in asked], len(asked[-1].messages)) == (["", "", "", "judge"], 1)
    assert (scorer.label, PTrue().label, PTrue(model="m").label) == ("p_true+3:judge", "p_true", "p_true:m")
    assert (scorer.draws, PTrue().draws) == (3, 0)
    (plain,), asked = drive(scorer.plan(Q, [one("4")]), [REFUSED] * 3 + [NO])
    assert plain == pytest.approx(1 - P_YES)
    assert len(asked[-1].messages) == 3, "nothing to show: asked as without"


def test_options_without_effect_are_refused() -> None:
    assert [f for f, _ in without_effect(PTrue(temperature=0.7))] == ["temperature"]
    assert [f for f, _ in PTrue(shown=2, temperature=0).faults()] == ["temperature"]
    assert [f for f, _ in SampleAgreement(temperature=0).faults()] == ["temperature"]
    assert [f for f, _ in without_effect(SemanticEntropy(model="judge"))] == ["model"]
    assert not list(without_effect(SemanticEntropy(model="judge", entailment=True)))
    for scorer in (SampleAgreement(), PTrue(shown=2)):
        with pytest.raises(InputError, match="temperature 0"):
            check_strategies([AnswerWithConfidence(scorer=scorer)], Sampling(temperature=0.0))
    check_strategies([AnswerWithConfidence(scorer=SampleAgreement(temperature=1.0))], Sampling(0.0))


def test_fewer_samples_of_a_scorers_own_than_candidates_allow_no_derived_points() -> None:
    for scorer in (PTrue(), SampleAgreement(), SelfCheck()):
        assert BestOfN(n=4, scorer=scorer).derivable == [1, 2, 3]
    for scorer in (PTrue(shown=1), SampleAgreement(samples=3), SelfCheck(samples=3)):
        assert BestOfN(n=4, scorer=scorer).derivable == []
        assert not scorer.relative


def test_samples_are_drawn_once_for_all_and_charged_to_each(tmp_path: Path) -> None:
    """Three confidences and a vote over the same eight samples: eight are executed, all pay."""
    scorers = [SampleAgreement(samples=8), SemanticEntropy(samples=8), PTrue(shown=8)]
    strategies = [SelfConsistency(n=8), *(AnswerWithConfidence(scorer=s) for s in scorers)]
    run_evaluate(tmp_path, strategies)
    ledger = rows(tmp_path, "ledger")
    samples = [r for r in ledger if r["tag"] == "sample" and r["problem"] == "numbers/0"]
    assert sum(r["served_from"] == "engine" for r in samples) == 8 + 1, "and the greedy answer"
    counts = [sum(r["strategy"] == s.label for r in samples) for s in strategies]
    assert counts == [8, 9, 9, 9]
    answers = rows(tmp_path)
    texts = {(r["problem_id"], r["text"]) for r in answers if r["strategy"] != "self_consistency"}
    assert len(texts) == 6, "one greedy answer a problem, whatever the confidence"
    cost = {r["strategy"]: r["completion_tokens"] for r in answers if r["problem_id"] == "numbers/0"}
    assert all(a < b for a, b in pairwise(sorted(cost.values())[:2]))
