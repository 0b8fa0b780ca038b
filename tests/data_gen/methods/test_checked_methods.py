"""What methods that work with a checker make of given answers: pairs, steps, corrections, judgements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from data_gen_support import LastNumber, Sums
from one_plan import run
from scripted import ScriptedEngine, tokens_of

from data_gen.methods import (
    AbstentionData,
    AbstentionPairs,
    CorrectionTrajectories,
    PreferencePairs,
    SequenceDistillation,
    StepLabels,
    VerificationData,
)
from data_gen.methods.answers.correction_trajectories import CHECK, RIGHT, WRONG
from data_gen.methods.labels.step_labels import cut
from data_gen.source import Source
from eval.scorers import PTrue, SelfVerify
from eval.strategies import SequentialRevision
from lab.core.fields import without_effect
from lab.core.types import Candidate, Completion, Example, Question, Request, Sampling, Usage
from lab.errors import NumbersError
from lab.language.wording import DIGITS, IS_IT_RIGHT

(PROBLEM,) = Sums(size=1).problems("train")
PROBLEM = replace(PROBLEM, gold="5")
QUESTION = Question(PROBLEM.id, PROBLEM.messages)
Script = Callable[[Request], "str | Completion"]


def made(method: Any, script: Script | list[str], seed: int = 1, gold: Any = "5") -> list[Example]:
    """The examples of one problem; a list says what sample i is."""
    source = Source(replace(PROBLEM, gold=gold), Sampling(), LastNumber(), seed)
    told = script if callable(script) else lambda request: script[request.index]
    return run(method.generate(source), ScriptedEngine(told))


def reply(text: str, finish: str = "stop", **more: Any) -> Completion:
    ids = tokens_of(text)
    return Completion(text, finish, Usage(9, 0, len(ids)), token_ids=ids, **more)  # type: ignore[arg-type]


def test_pairs_are_right_against_wrong_and_of_similar_length() -> None:
    said = ["it is 5", "it is 4", "5", "a very long way to say that it is 4", "it is 5", "unscorable"]
    found = made(PreferencePairs(samples=6, pairs=9), said)
    assert [(e.completion, e.rejected) for e in found] == [("it is 5", "it is 4")]
    assert found[0].meta["length_ratio"] == 1.0
    assert (found[0].meta["sample"], found[0].meta["rejected_sample"]) == (0, 1)
    wider = made(PreferencePairs(samples=6, pairs=9, max_length_ratio=50), said)
    assert len(wider) == 4
    assert {e.rejected for e in wider[:2]} == {"it is 4", said[3]}, "every answer is used before one is twice"
    assert made(PreferencePairs(samples=2), ["5", "it is 5"]) == []


def test_an_unfinished_answer_is_in_no_pair() -> None:
    def script(request: Request) -> Completion:
        return reply("5" if request.index else "4", "stop" if request.index else "length")

    assert made(PreferencePairs(samples=2), script) == []


def test_pairs_by_logprob_prefer_the_likelier_answer_and_never_ask_the_checker() -> None:
    def script(request: Request) -> Completion:
        text = "abc"[request.index] * 4
        assert request.sampling.logprobs
        return reply(text, logprobs=(-0.5 - request.index,) * 4)

    found = made(PreferencePairs(samples=3, pairs=1, by="logprob"), script, gold=None)
    assert [(e.completion, e.rejected, e.meta["margin"]) for e in found] == [("aaaa", "cccc", 2.0)]
    assert made(PreferencePairs(samples=3, by="logprob", min_margin=2.1), script) == []
    with pytest.raises(NumbersError, match="log-probabilities"):
        made(PreferencePairs(samples=3, by="logprob"), lambda r: reply("x"))


def test_pairs_by_rating_ask_the_judge_that_is_named() -> None:
    asked: list[Request] = []

    def script(request: Request) -> Completion:
        if request.tag != "judge":
            return reply("abc"[request.index] * 3)
        asked.append(request)
        top = {"aaa": "3", "bbb": "9", "ccc": "5"}[request.messages[-2]["content"]]
        return reply(top, choices={d: 0.0 if d == top else -99.0 for d in DIGITS})

    found = made(PreferencePairs(samples=3, pairs=1, by="rating", model="judge", rubric="Be brief."), script)
    assert [(e.completion, e.rejected, e.meta["margin"]) for e in found] == [("bbb", "aaa", 0.75)]
    assert {r.model for r in asked} == {"judge"}
    assert "Be brief." in asked[0].messages[-1]["content"]
    assert [name for name, _ in without_effect(PreferencePairs(model="judge"))] == ["model"]


def test_a_steps_label_is_the_share_of_rollouts_that_end_right() -> None:
    def script(request: Request) -> str:
        if request.tag == "sample":
            return "first 1\nthen 2\n\nit is 5"
        good = {"first 1\n": (0,), "first 1\nthen 2\n\n": (0, 1, 2)}[request.prefix]
        return f"it is {5 if request.index in good else 4}"

    (found,) = made(StepLabels(samples=2, rollouts=4), script)
    assert found.steps == ("first 1\n", "then 2\n\n", "it is 5")
    assert found.step_labels == (0.25, 0.75, 1.0)
    (hard,) = made(StepLabels(samples=1, rollouts=4, labels="hard"), script)
    assert hard.step_labels == (1.0, 1.0, 1.0)
    assert made(StepLabels(samples=1, max_steps=2), script) == []
    assert made(StepLabels(samples=1, min_steps=4), script) == []


def test_rollouts_that_say_nothing_do_not_count_and_a_step_without_any_costs_the_solution() -> None:
    def script(request: Request) -> str | Completion:
        if request.tag == "sample":
            return "so\nit is 4"
        return {0: "5", 1: "unscorable", 2: "4"}.get(request.index) or reply("", "error")

    (found,) = made(StepLabels(samples=1, rollouts=4), script)
    assert found.step_labels == (0.5, 0.0)
    assert made(StepLabels(samples=1), lambda r: reply("", "error") if r.prefix else "so\nit is 4") == []


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        (" \n\n", ()),
        ("a", ("a",)),
        ("a\n", ("a\n",)),
        ("\n\na\n \nb\n", ("\n\na\n \n", "b\n")),
        ("a\nb\n\n\nc", ("a\n", "b\n\n\n", "c")),
    ],
)
def test_steps_are_cut_behind_their_separator_and_join_to_the_text(text: str, steps: tuple[str, ...]) -> None:
    assert cut(text, "\n") == steps
    assert not steps or "".join(steps) == text


def test_steps_are_those_that_are_scored_at_inference_time() -> None:
    from eval.scorers.judges.process_reward import beginnings

    for text in ("a\nb\n\nc", "\n\na\nb\n", "x", "a\n \n\nb"):
        assert len(cut(text, "\n")) == len(beginnings(text, "\n"))


def test_wrong_tries_are_corrected_and_as_many_right_ones_left_alone() -> None:
    said = ["it is 5", "it is 4", "so 5", "maybe 3", "it is 4", "5"]
    found = made(CorrectionTrajectories(samples=6), said)
    assert [e.meta["first"] for e in found] == ["wrong", "wrong", "right", "right"]
    for example in found:
        first, asked = example.prompt[-2:]
        assert example.prompt[:-2] == PROBLEM.messages
        assert (first["role"], asked["content"]) == ("assistant", CHECK)
        opening, _, answer = example.completion.partition("\n")
        right = example.meta["first"] == "right"
        assert opening == (RIGHT if right else WRONG)
        assert answer.endswith("5")
        assert (answer == first["content"]) is right
    assert len({e.prompt[-2]["content"] for e in found}) == 4
    assert made(CorrectionTrajectories(samples=3), ["5", "so 5", "it is 5"]) == [], "nothing to balance with"
    assert made(CorrectionTrajectories(samples=2), ["4", "3"]) == []


def test_right_share_holds_over_many_problems() -> None:
    said = ["it is 5", "it is 4", "so 5", "maybe 3", "5", "5 5", "5 yes 5", "3"]
    method = CorrectionTrajectories(samples=8, trajectories=3, right_share=0.3)
    found = [e for seed in range(300) for e in made(method, said, seed)]
    share = sum(e.meta["first"] == "right" for e in found) / len(found)
    assert 0.25 < share < 0.35


def test_a_revision_counts_when_it_became_right() -> None:
    def script(request: Request) -> str:
        if request.tag == "revise":
            return "now 5" if "3" in request.messages[-2]["content"] else "still 4"
        return ["it is 4", "it is 3"][request.index]

    (found,) = made(CorrectionTrajectories(samples=2, target="revision", right_share=0), script)
    assert found.prompt[-2]["content"] == "it is 3"
    assert found.completion == "now 5", "it was said in reply to the check, and needs no opening"


def test_a_critic_says_what_is_wrong() -> None:
    def script(request: Request) -> str:
        if request.tag == "critique":
            assert request.model == "critic"
            return "The sum is off. "
        return ["it is 4", "it is 5"][request.index]

    method = CorrectionTrajectories(samples=2, critique=True, model="critic", right_share=0)
    assert [e.completion for e in made(method, script)] == ["The sum is off.\nit is 5"]


def test_a_critique_that_names_another_answer_gives_way_to_the_fixed_sentence() -> None:
    class FirstNumber(LastNumber):
        def canonical(self, text: str) -> str | None:
            found = re.findall(r"\d+", text)
            return found[0] if found else None

    def script(request: Request) -> str:
        return "It is 7." if request.tag == "critique" else ["it is 4", "it is 5"][request.index]

    source = Source(replace(PROBLEM, gold="5"), Sampling(), FirstNumber(), 1)
    method = CorrectionTrajectories(samples=2, critique=True, right_share=0)
    (found,) = run(method.generate(source), ScriptedEngine(script))
    assert found.completion == f"{WRONG}\nit is 5"
    assert not found.meta["critique"]


def test_an_opening_that_hides_the_answer_is_left_out() -> None:
    class First(LastNumber):
        def canonical(self, text: str) -> str | None:
            return text.rsplit(maxsplit=1)[-1] if len(text.split()) == 1 else None

    source = Source(replace(PROBLEM, gold="5"), Sampling(), First(), 1)
    method = CorrectionTrajectories(samples=2, right_share=0)
    (found,) = run(method.generate(source), ScriptedEngine(lambda r: ["4", "5"][r.index]))
    assert found.completion == "5"


def first_request(plan: Any) -> Request:
    return next(plan)[0]


def test_what_is_taught_is_asked_word_for_word_at_inference_time() -> None:
    said = ["it is 5", "it is 4"]
    candidates = [Candidate(reply(text), text) for text in said]
    for form, scorer in (("p_true", PTrue()), ("self_verify", SelfVerify())):

        def script(request: Request) -> str:
            if request.tag == "sample":
                return said[request.index]
            right = request.messages[-2]["content"].endswith("5")
            return f"Verdict: {'correct' if right else 'incorrect'}"

        found = made(VerificationData(samples=2, form=form), script)  # type: ignore[arg-type]
        asked = next(scorer.score(QUESTION, candidates))  # type: ignore[attr-defined]
        assert [e.prompt for e in found] == [r.messages for r in asked]
    retry = made(CorrectionTrajectories(samples=2, layout="retry", right_share=0), said)
    chain = SequentialRevision(rounds=1).solve(QUESTION)
    next(chain)
    assert retry[0].prompt == chain.send([reply("it is 4")])[0].messages


def test_judgements_are_balanced_within_a_problem() -> None:
    said = ["it is 5", "it is 4", "so 5", "maybe 3", "it is 4", "5"]
    found = made(VerificationData(samples=6, answers=1), said)
    assert sorted(e.completion for e in found) == ["No", "Yes"]
    for example in found:
        assert example.prompt[-1]["content"] == IS_IT_RIGHT
        assert (example.completion == "Yes") is example.prompt[-2]["content"].endswith("5")
        assert example.verdict is not None
        assert example.verdict.correct
    every = made(VerificationData(samples=6, balance=False), said)
    assert [e.completion for e in every] == ["Yes", "No", "Yes", "No", "Yes"]
    assert made(VerificationData(samples=1), ["5"]) == []


def test_a_written_check_is_kept_when_it_agrees_with_the_checker() -> None:
    def script(request: Request) -> str:
        if request.tag == "sample":
            return ["it is 5", "it is 4"][request.index]
        return f"try {request.index}. Verdict: {'correct' if request.index < 2 else 'incorrect'}"

    found = made(VerificationData(samples=2, form="self_verify"), script)
    assert [e.completion for e in found] == ["try 0. Verdict: correct", "try 2. Verdict: incorrect"]
    assert made(VerificationData(samples=2, form="self_verify", checks=2), script) == []


def test_what_the_model_knows_is_answered_and_the_rest_is_not() -> None:
    known = made(AbstentionData(samples=4), ["it is 5", "4", "so 5", "3"])
    assert [(e.completion, e.meta["abstains"], e.meta["accuracy"]) for e in known] == [
        ("it is 5", False, 0.5)
    ]
    (unknown,) = made(AbstentionData(samples=4), ["it is 5", "4", "4", "3"])
    assert (unknown.completion, unknown.prompt) == ("I don't know.", PROBLEM.messages)
    assert unknown.meta["abstains"]
    assert unknown.verdict is not None
    assert unknown.verdict.correct
    assert made(AbstentionData(samples=4, abstentions=0), ["it is 5", "4", "4", "3"]) == []


def test_abstention_loses_to_a_right_answer_and_beats_a_wrong_one() -> None:
    known = made(AbstentionPairs(samples=4), ["it is 5", "4", "so 5", "3"])
    assert [(e.completion, e.rejected, e.meta["abstains"]) for e in known] == [
        ("it is 5", "I don't know.", False)
    ]
    unknown = made(AbstentionPairs(samples=4, pairs=2), ["it is 5", "4", "4", "I don't know."])
    assert [(e.completion, e.rejected, e.meta["accuracy"]) for e in unknown] == [("I don't know.", "4", 0.25)]
    assert unknown[0].verdict is not None
    assert unknown[0].verdict.abstained
    assert made(AbstentionPairs(samples=2, abstentions=0), ["4", "3"]) == []
    assert made(AbstentionPairs(samples=2), ["4", "3"], gold=None) == []
    assert list(AbstentionPairs(text="Paris").faults())


def test_agreement_needs_no_gold_and_lets_confident_mistakes_through() -> None:
    by = AbstentionData(samples=4, by="agreement")
    assert [e.completion for e in made(by, ["so 4", "4", "4", "5"], gold=None)] == ["so 4"]
    assert [e.completion for e in made(by, ["1", "2", "3", "4"], gold=None)] == ["I don't know."]
    assert made(AbstentionData(samples=4), ["so 4", "4", "4", "5"], gold=None) == []


def test_some_of_the_unknown_problems_are_used() -> None:
    method = AbstentionData(samples=2, abstentions=0.3)
    used = sum(len(made(method, ["4", "3"], seed)) for seed in range(300))
    assert 60 < used < 120


def test_a_teacher_answers_and_the_student_learns_its_own_prompt() -> None:
    asked: list[Request] = []

    def script(request: Request) -> str:
        asked.append(request)
        return f"clearly {5 + request.index}"

    found = made(SequenceDistillation(model="big", samples=2, instruction="Be kind."), script)
    assert [e.completion for e in found] == ["clearly 5", "clearly 6"]
    assert all(e.prompt == PROBLEM.messages and e.meta["teacher"] == "big" for e in found)
    assert all(r.model == "big" and r.messages[-1]["content"].endswith("\nBe kind.") for r in asked)
    assert [name for name, _ in SequenceDistillation(temperature=0, samples=2).faults()] == ["samples"]
