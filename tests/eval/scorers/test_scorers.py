"""Scorers one by one, and what holds of every member of the union."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.scorers import (
    Length,
    MeanLogprob,
    MinLogprob,
    Oracle,
    PTrue,
    Random,
    Scorer,
    SelfVerify,
    SumLogprob,
)
from eval.scorers.judges.self_verify import verdict
from lab.core.component import Component, members_of
from lab.core.types import Candidate, Completion, Question, Request, Usage
from lab.errors import CompletionError, NumbersError
from lab.language.wording import IS_IT_RIGHT

ALL = members_of(Scorer)
QUESTION_ = Question("q", ({"role": "user", "content": "What is 2+2?"},))


def candidate(text: str, *logprobs: float) -> Candidate:
    return Candidate(Completion(text, "stop", Usage(5, 0, len(logprobs)), logprobs), text)


def ask(
    scorer: Component, candidates: Sequence[Candidate], *replies: Completion
) -> tuple[list[float], list[Request]]:
    """Run a scorer's plan by hand: its scores and what it asked."""
    plan, asked = scorer.score(QUESTION_, candidates), []  # type: ignore[attr-defined]
    try:
        asked = next(plan)
        plan.send(list(replies))
    except StopIteration as stop:
        return stop.value, asked
    raise AssertionError("the scorer asked twice")


def choices(yes: float, no: float) -> Completion:
    return Completion("Yes", "stop", Usage(9, 0, 1), choices={"Yes": yes, "No": no})


FAILED = Completion("", "error", Usage(9, 0, 0), error="gone")


def test_logprob_scorers_by_hand() -> None:
    pool = [candidate("a", -1.0, -3.0), candidate("b", -2.5), candidate("")]
    assert ask(MeanLogprob(), pool)[0] == [-2.0, -2.5, -inf]
    assert ask(SumLogprob(), pool)[0] == [-4.0, -2.5, -inf]
    assert ask(MinLogprob(), pool)[0] == [-3.0, -2.5, -inf]
    assert MeanLogprob().weight(-2.0) == exp(-2.0)


@pytest.mark.parametrize("scorer", [MeanLogprob(), SumLogprob(), MinLogprob()])
def test_missing_logprobs_are_an_error_not_a_zero(scorer: Component) -> None:
    silent = Candidate(Completion("a", "stop", Usage(5, 0, 7)), "a")
    with pytest.raises(NumbersError, match="log-probabilities"):
        ask(scorer, [silent])


def test_p_true_is_the_share_of_yes() -> None:
    scores, asked = ask(PTrue(), [candidate("4", -1.0), candidate("5", -1.0)], choices(-1.0, -3.0), FAILED)
    assert scores == pytest.approx([exp(-1) / (exp(-1) + exp(-3)), 0.5])
    assert [r.messages[-2]["content"] for r in asked] == ["4", "5"]
    assert asked[0].messages[-1]["content"] == IS_IT_RIGHT
    assert asked[0].messages[:1] == QUESTION_.messages, "the prompt's prefix is shared with the samples"
    assert {(r.role, r.sampling.max_tokens, r.sampling.allowed_tokens) for r in asked} == {
        ("verifier", 1, ("Yes", "No"))
    }
    assert ask(PTrue(), [candidate("4", -1.0)], choices(-inf, -2.0))[0] == [0.0]
    with pytest.raises(NumbersError, match="starts its answer with something else"):
        ask(PTrue(), [candidate("4", -1.0)], choices(-inf, -inf))


def test_p_true_without_choices_says_so() -> None:
    with pytest.raises(NumbersError, match="Yes"):
        ask(PTrue(), [candidate("4", -1.0)], Completion("Yes", "stop", Usage(9, 0, 1)))


def test_self_verify_averages_its_votes() -> None:
    texts = [
        "Verdict: correct",
        "nonsense",
        "first verdict: correct, no: **Verdict: incorrect**",
        "Verdict: correct",
    ]
    replies = [Completion(t, "stop", Usage(9, 0, 3)) for t in texts]
    scores, asked = ask(SelfVerify(votes=2), [candidate("4", -1.0), candidate("5", -1.0)], *replies)
    assert scores == [0.75, 0.5]
    assert [r.index for r in asked] == [0, 1, 0, 1]
    assert len(list(SelfVerify(votes=2, temperature=0).faults())) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Verdict: correct", 1.0),
        ("**Verdict:** Incorrect.", 0.0),
        ("The verdict is correct", 1.0),
        ("Verdict: correct or incorrect?", 1.0),
        ("It is correct.", 0.5),
        ("", 0.5),
        ("Verdict: correctly", 0.5),
    ],
)
def test_verdicts(text: str, value: float) -> None:
    assert verdict(text) == value


def test_length_prefers_what_it_is_told() -> None:
    pool = [candidate("a", -1.0, -1.0, -1.0), candidate("b", -1.0)]
    assert ask(Length(), pool)[0] == [-3.0, -1.0]
    assert ask(Length(prefer="longer"), pool)[0] == [3.0, 1.0]


def test_random_depends_on_question_and_number_only() -> None:
    first, again = (ask(Random(), [candidate(t, -1.0) for t in texts])[0] for texts in ("ab", "cd"))
    assert first == again
    assert first[0] != first[1]
    assert all(0 <= s < 1 for s in first)
    assert ask(Random(seed=1), [candidate("a", -1.0)])[0] != first[:1]


def test_oracle_refuses_a_question_without_one() -> None:
    with pytest.raises(ValueError, match="oracle"):
        ask(Oracle(), [candidate("a", -1.0)])
    assert [kind for kind, member in ALL.items() if member.ceiling] == ["oracle"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("scorer", [PTrue(), SelfVerify()])
def test_a_verifier_that_never_answers_fails_the_plan(scorer: Component) -> None:
    with pytest.raises(CompletionError, match="gone"):
        ask(scorer, [candidate("a", -1.0)], FAILED)


def reachable(kind: str) -> st.SearchStrategy[float]:
    """Scores that a scorer of this kind can give."""
    if kind == "length":
        return st.integers(-100_000, 0).map(float)
    if kind == "semantic_entropy":
        return st.floats(-2.3, 0)
    return st.floats(-2_000, 0) | st.just(-inf) if kind.endswith("logprob") else st.floats(0, 1)


@pytest.mark.parametrize("kind", ALL)
@given(data=st.data())
def test_weights_are_in_the_unit_interval_and_keep_the_order(kind: str, data: st.DataObject) -> None:
    scorer = ALL[kind](kind=kind)
    low, high = sorted([data.draw(reachable(kind)), data.draw(reachable(kind))])
    assert 0.0 <= scorer.weight(low) <= scorer.weight(high) <= 1.0  # type: ignore[attr-defined]


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_longer_weights_too(a: int, b: int) -> None:
    low, high = sorted([float(a), float(b)])
    assert 0.0 <= Length(prefer="longer").weight(low) <= Length(prefer="longer").weight(high) <= 1.0
