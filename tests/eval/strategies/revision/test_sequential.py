"""Self-refine, critique and revise, chains of attempts, plans: every round by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from driving import FAILED, REFUSED, drive, question, said

from eval.plans.drawing import draw
from eval.plans.turns import GAP, clipped
from eval.scorers import Length
from eval.strategies.revision.critique_revise import PRINCIPLES, CritiqueRevise
from eval.strategies.revision.self_refine import FEEDBACK, REFINE, SelfRefine, satisfied
from eval.strategies.revision.sequential_revision import SequentialRevision
from eval.strategies.single.plan_then_solve import PlanThenSolve
from lab.core.fields import without_effect
from lab.core.types import Answer
from lab.errors import CompletionError
from lab.language.wording import RETRY

Q = question()


def values(answer: Answer) -> list[str | None]:
    return [c.value for c in answer.candidates]


def roles(answer: Answer) -> list[str]:
    return [r["role"] for r in answer.trace["rounds"]]


def test_self_refine_until_nothing_is_wrong() -> None:
    replies = ["It is 3", "Step 1 is wrong.", "It is 4", "No errors."]
    answer, asked = drive(SelfRefine(rounds=5).solve(Q), replies)
    assert (answer.text, answer.value, answer.confidence) == ("It is 4", "4", None)
    assert values(answer) == ["3", "4"]
    assert answer.trace["stopped"] == "satisfied"
    assert [(r["role"], r["text"]) for r in answer.trace["rounds"]] == list(
        zip(("draft", "critique", "revision", "critique"), replies, strict=True)
    )
    assert [r.tag for r in asked] == ["sample", "critique", "revise", "critique"]
    assert [r.role for r in asked] == ["policy", "verifier", "policy", "verifier"]
    contents = [[m["content"] for m in r.messages] for r in asked]
    parts = {"question": "What is 2+2?", "answer": "It is 3"}
    assert contents[1] == [FEEDBACK.format(**parts)]
    assert contents[2] == [REFINE.format(**parts, feedback="Step 1 is wrong.")]
    assert contents[3] == [FEEDBACK.format(question="What is 2+2?", answer="It is 4")], "the newest is judged"
    assert len({(r.index, str(r.messages)) for r in asked}) == 4


def test_the_draft_is_the_pools_first_sample() -> None:
    first = next(draw(Q, 1, None))
    for strategy in (SelfRefine(), CritiqueRevise(), SequentialRevision()):
        assert next(strategy.solve(Q)) == first
    assert next(SelfRefine(temperature=0.3).solve(Q)) == next(draw(Q, 1, 0.3))


def test_rounds_end_by_their_number() -> None:
    replies = ["1", "wrong", "2", "wrong", "3"]
    answer, asked = drive(SelfRefine(rounds=2).solve(Q), replies)
    assert (answer.value, answer.trace["stopped"], len(asked)) == ("3", "rounds", 5)
    assert SelfRefine(rounds=2).label == "self_refine@3"


@pytest.mark.parametrize(
    "strategy", [SelfRefine(rounds=0), CritiqueRevise(rounds=0), SequentialRevision(rounds=0)]
)
def test_zero_rounds_are_one_sample(strategy: SelfRefine) -> None:
    answer, asked = drive(strategy.solve(Q), ["It is 4"])
    assert (answer.value, values(answer), len(asked), strategy.size) == ("4", ["4"], 1, 1)
    assert answer.trace == {"rounds": [{"role": "draft", "text": "It is 4"}], "stopped": "rounds"}


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("No errors.", True),
        ("no errors", True),
        ('"No errors."', True),
        ("**No errors**", True),
        ("There are no errors.", True),
        ("The steps follow. No errors found.", True),
        ("Feedback: No errors.\n", True),
        ("No errors in step 1, but step 2 is wrong.", False),
        ("There are no errors in the sum, yet the product is off.", False),
        ("Casino errors.", False),
        ("No errorsome step.", False),
        ("I cannot say that there are no errors.", False),
        ("Two errors.", False),
        ("", False),
    ],
)
def test_the_stop_phrase_must_stand_alone(text: str, ends: bool) -> None:
    assert satisfied(text) is ends


def test_a_revision_without_an_answer_replaces_nothing() -> None:
    answer, _ = drive(SelfRefine(rounds=1).solve(Q), ["It is 4", "bad", "hm"])
    assert (answer.value, values(answer)) == ("4", ["4", None])


def test_a_lost_round_is_lost_and_the_next_goes_on() -> None:
    replies = [FAILED, "3", FAILED, "bad", FAILED, "bad", "4"]
    answer, asked = drive(SelfRefine(rounds=4).solve(Q), replies)
    assert (answer.value, values(answer)) == ("4", [None, "3", None, "4"])
    assert roles(answer) == ["draft", "draft", "critique", "revision", "critique", "revision"]
    assert [r.index for r in asked] == [0, 1, 2, 3, 3, 4, 4]
    with pytest.raises(CompletionError, match="gone"):
        drive(SelfRefine(rounds=2).solve(Q), [FAILED] * 3)


def test_the_budget_ends_the_rounds_at_once() -> None:
    for replies in (["3", REFUSED], ["3", "bad", REFUSED]):
        answer, asked = drive(SelfRefine(rounds=4).solve(Q), replies)
        assert (answer.value, answer.trace["stopped"]) == ("3", "budget")
        assert (values(answer), len(asked)) == (["3"], len(replies))
    answer, _ = drive(SequentialRevision(rounds=4).solve(Q), ["3", "4", REFUSED])
    assert (values(answer), answer.trace["stopped"]) == (["3", "4"], "budget")
    with pytest.raises(CompletionError, match="budget"):
        drive(SelfRefine().solve(Q), [REFUSED])


def test_a_critique_longer_than_the_context_is_shown_in_part() -> None:
    long = "wrong " * 5000
    answer, asked = drive(SelfRefine(rounds=1, max_shown=100).solve(Q), ["3", long, "4"])
    assert len(asked[2].messages[-1]["content"]) < 400
    assert answer.trace["rounds"][1]["text"] == long.strip(), "the trace keeps all of it"
    answer, asked = drive(CritiqueRevise(max_shown=100).solve(Q), ["3", long, "4"])
    assert len(asked[2].messages[-1]["content"]) < 400


def test_clipped_keeps_head_and_tail() -> None:
    assert clipped(" abc ", 3) == "abc"
    text = "a" * 50 + "b" * 50
    cut = clipped(text, 27)
    assert cut == "a" * 10 + GAP + "b" * 10
    assert len(clipped(text, 16)) == 16


def test_critique_revise_asks_another_model_by_the_next_principle() -> None:
    strategy = CritiqueRevise(rounds=3, critic="big")
    replies = ["1", "No errors.", "2", "bad", "3", "bad", "4"]
    answer, asked = drive(strategy.plan(Q), replies)
    assert (answer.value, values(answer)) == ("4", ["1", "2", "3", "4"]), "nobody stops it early"
    assert [r.model for r in asked] == ["", "big", "", "big", "", "big", ""]
    critiques = [r.messages[-1]["content"] for r in asked if r.tag == "critique"]
    assert [PRINCIPLES[i] in c for i, c in zip((0, 1, 0), critiques, strict=True)] == [True] * 3
    assert "No errors." in asked[2].messages[-1]["content"]
    assert strategy.label == "critique_revise[big]@4"
    both = drive(strategy.model_copy(update={"model": "small"}).plan(Q), replies)[1]
    assert [r.model for r in both][:3] == ["small", "big", "small"]


def test_principles_may_be_anybodys() -> None:
    strategy = CritiqueRevise(principles=("Use {braces} well.",))
    _, asked = drive(strategy.solve(Q), ["1", "ok", "2"])
    assert "Use {braces} well." in asked[1].messages[-1]["content"]


def test_a_chain_votes_over_its_attempts() -> None:
    answer, asked = drive(SequentialRevision(rounds=3).solve(Q), ["It is 4", "5", "is 4", "6"])
    assert (answer.text, answer.value, answer.confidence) == ("is 4", "4", 0.5)
    assert values(answer) == ["4", "5", "4", "6"]
    assert [m["content"] for m in asked[2].messages] == [
        RETRY.format(attempts="Attempt 1:\nIt is 4\n\nAttempt 2:\n5", question="What is 2+2?")
    ]
    assert [r.index for r in asked] == [0, 1, 2, 3]
    assert roles(answer) == ["draft", "revision", "revision", "revision"]


def test_a_tied_chain_takes_what_it_reached_last() -> None:
    answer, _ = drive(SequentialRevision(rounds=3).solve(Q), ["4", "5", "4", "5"])
    assert (answer.value, answer.confidence) == ("5", 0.5)
    answer, _ = drive(SequentialRevision(rounds=1).solve(Q), ["hm", "hm"])
    assert (answer.value, answer.confidence) == (None, 0.0)


def test_last_and_best_of_a_chain() -> None:
    replies = ["4", "it is surely 5", "6 6"]
    answer, _ = drive(SequentialRevision(rounds=2, select="last").solve(Q), replies)
    assert (answer.value, answer.confidence) == ("6", None)
    best = SequentialRevision(rounds=2, select="best", scorer=Length(prefer="longer"))
    answer, _ = drive(best.solve(Q), replies)
    assert (answer.value, [c.score for c in answer.candidates]) == ("5", [1.0, 4.0, 2.0])
    assert (best.label, best.scorer_kind) == ("sequential_revision[length]@3", "length")
    assert [f for f, _ in without_effect(SequentialRevision(scorer=Length()))] == ["scorer"]
    assert not list(without_effect(SequentialRevision()))
    answer, _ = drive(best.solve(Q), ["4", FAILED, "it is 5"])
    assert (answer.value, [c.score for c in answer.candidates]) == ("5", [1.0, None, 3.0])


def test_a_chain_shows_only_the_newest_attempts() -> None:
    strategy = SequentialRevision(rounds=3, shown=1, max_shown=16)
    _, asked = drive(strategy.solve(Q), ["1 " * 100, "2", FAILED, "4"])
    assert len(asked[1].messages[0]["content"]) < 16 + 200
    shown = RETRY.format(attempts="Attempt 1:\n2", question="What is 2+2?")
    assert asked[3].messages[0]["content"] == shown, "only the newest, and not the lost one"


def test_plan_then_solve() -> None:
    answer, asked = drive(PlanThenSolve(plan_tokens=7).solve(Q), ["Add {them}.", "So 4"])
    assert (answer.value, values(answer), roles(answer)) == ("4", ["4"], ["plan", "draft"])
    assert answer.trace["stopped"] == "solved"
    assert [r.tag for r in asked] == ["plan", "solve"]
    assert [r.index for r in asked] == [0, 1], "not the plan's seed: the solution would copy its words"
    assert [r.sampling.max_tokens for r in asked] == [7, 40]
    assert "Add {them}." in asked[1].messages[-1]["content"]
    assert asked[1].messages[-1]["content"].startswith("What is 2+2?\n")


def test_a_lost_plan_or_solution_leaves_the_plain_sample() -> None:
    sample = next(draw(Q, 1, None))[0]
    for replies, count in (([FAILED, "4"], 1), (["plan", FAILED, "4"], 2)):
        answer, asked = drive(PlanThenSolve().solve(Q), replies)
        assert (answer.value, len(answer.candidates), asked[-1]) == ("4", count, sample)
    with pytest.raises(CompletionError):
        drive(PlanThenSolve().solve(Q), [FAILED, FAILED])


def test_a_budget_spent_on_the_plan_leaves_the_plan() -> None:
    answer, _ = drive(PlanThenSolve().solve(Q), [said("add: 4"), REFUSED])
    assert (answer.value, answer.text, answer.trace["stopped"]) == ("4", "add: 4", "budget")


def test_revisions_keep_the_worked_examples_and_critics_do_not_see_them() -> None:
    """A few-shot question: the examples show the form of an answer, which a critic is not to imitate."""
    turns = [("system", "Be brief."), ("user", "1+1?"), ("assistant", "2"), ("user", "2+2?")]
    shots = replace(Q, messages=tuple({"role": r, "content": c} for r, c in turns))  # type: ignore[misc]
    _, asked = drive(SelfRefine(rounds=1).solve(shots), ["3", "bad", "4"])
    assert [m["role"] for m in asked[1].messages] == ["system", "user"]
    assert asked[2].messages[:3] == shots.messages[:3]
    assert asked[2].messages[3]["content"].endswith("\n\n2+2?")
