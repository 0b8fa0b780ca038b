"""The model picks among its candidates: groups, shuffles and unreadable choices by hand."""

from __future__ import annotations

import re

import pytest
from driving import FAILED, REFUSED, drive, question, said

from eval.strategies.selection.genselect import LETTERS, GenSelect, read_letter
from lab.core.types import Completion, Question, Request, Sampling

Q = question()


def shown(request: Request) -> list[str]:
    """The candidates in a request, in the order shown."""
    return re.findall(r"Solution [A-Z]:\nIt is (\d+)", request.messages[-1]["content"])


def script(numbers: list[int | None], pick: str | Completion = "") -> object:
    """Samples that say these numbers (None: nothing readable), and a judge that likes `pick`."""

    def reply(request: Request) -> str | Completion:
        if request.tag == "sample":
            n = numbers[request.index]
            return "hm" if n is None else f"It is {n}"
        if isinstance(pick, Completion):
            return pick
        return f"Best: {LETTERS[shown(request).index(pick)]}" if pick in shown(request) else "no idea"

    return reply


def test_the_pick_is_the_answer_wherever_it_is_shown() -> None:
    for likes in "1234":
        answer, asked = drive(GenSelect(n=4).solve(Q), script([1, 2, 3, 4], likes))
        assert (answer.value, answer.confidence, len(asked)) == (likes, 0.25, 5)
        assert (answer.trace["unreadable"], answer.trace["stopped"]) == (0, "chosen")
        assert [r["role"] for r in answer.trace["rounds"]] == ["choice"]
        assert answer.trace["rounds"][0]["text"].startswith("Best: ")
    assert sorted(shown(asked[-1])) == list("1234")
    assert (asked[-1].role, asked[-1].tag, asked[-1].sampling.temperature) == ("verifier", "select", 0.0)
    assert asked[-1].messages[-1]["content"].startswith("Problem:\nWhat is 2+2?\n")


def test_the_order_depends_on_the_question_alone() -> None:
    def order(id: str) -> list[str]:
        asked = Question(id, Q.messages, Sampling(), Q.canonical)
        return shown(drive(GenSelect(n=6).solve(asked), script([1, 2, 3, 4, 5, 6], "1"))[1][-1])

    assert order("a") == order("a")
    assert len({tuple(order(id)) for id in "abcdef"}) > 1


@pytest.mark.parametrize("pick", ["9", FAILED, said("Best: G"), said("Best: 9"), said("")])
def test_a_choice_that_cannot_be_used_falls_back_to_the_majority(pick: str | Completion) -> None:
    answer, _ = drive(GenSelect(n=4).solve(Q), script([3, 4, 4, 5], pick))
    assert (answer.value, answer.confidence) == ("4", 0.5)
    assert answer.trace["unreadable"] == 1
    tied, _ = drive(GenSelect(n=4).solve(Q), script([5, 4, 4, 5], pick))
    assert tied.value == "5", "a tie goes to the answer drawn first"


def test_winners_of_groups_meet_again() -> None:
    answer, asked = drive(GenSelect(n=7, group=3).solve(Q), script([1, 2, 3, 4, 5, 6, 7], "4"))
    selects = [shown(r) for r in asked if r.tag == "select"]
    assert [len(s) for s in selects] == [3, 2, 2, 3], "three even groups, then their winners"
    assert sorted(n for s in selects[:3] for n in s) == list("1234567")
    assert (answer.value, len(answer.trace["rounds"])) == ("4", 4)
    assert [r.index for r in asked if r.tag == "select"] == [0, 1, 2, 3]


def test_where_all_agree_nobody_is_asked() -> None:
    answer, asked = drive(GenSelect(n=3).solve(Q), script([4, 4, 4]))
    assert (answer.value, answer.confidence, len(asked)) == ("4", 1.0, 3)
    answer, asked = drive(GenSelect(n=3).solve(Q), script([None, 4, None]))
    assert (answer.value, len(asked)) == ("4", 3), "what has no answer is not shown"
    answer, asked = drive(GenSelect(n=3).solve(Q), script([None, None, None]))
    assert (answer.value, answer.text, answer.confidence, len(asked)) == (None, "hm", 0.0, 3)


def test_long_candidates_are_shown_in_part() -> None:
    def reply(request: Request) -> str:
        return f"It is {request.index} " + "x" * 5000 if request.tag == "sample" else "Best: A"

    _, asked = drive(GenSelect(n=4, max_shown=50).solve(Q), reply)
    assert len(asked[-1].messages[-1]["content"]) < 4 * 50 + 400


def test_the_budget_and_lost_samples() -> None:
    answer, _ = drive(GenSelect(n=4).solve(Q), script([3, 4, 4, 5], REFUSED))
    assert (answer.value, answer.trace["stopped"]) == ("4", "budget")
    answer, asked = drive(GenSelect(n=7, group=3).solve(Q), script([1, 2, 3, 7, 5, 6, 7], REFUSED))
    assert (answer.value, len(asked)) == ("7", 10), "not one request after the refusal"
    replies = ["It is 3", FAILED, REFUSED, REFUSED]
    answer, _ = drive(GenSelect(n=4).solve(Q), replies)
    assert (answer.value, answer.confidence, len(answer.candidates)) == ("3", 0.5, 2)


def test_a_choice_may_name_the_answer_itself() -> None:
    answer, _ = drive(GenSelect(n=4).solve(Q), script([3, 2, 3, 2], said("The best solution is 2.")))
    assert (answer.value, answer.text, answer.trace["unreadable"]) == ("2", "It is 2", 0)
    answer, _ = drive(GenSelect(n=4).solve(Q), script([3, 2, 3, 4], said("The best solution is 1.")))
    assert (answer.value, answer.trace["unreadable"]) == ("3", 1), "1 is no candidate, and no place either"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Best: B", 1),
        ("**Best:** C.", 2),
        ("The best solution is Solution A.", 0),
        ("Best: A, no. Best: B", 1),
        ("The best one is B because it adds.", 1),
        ("B", 1),
        (" Solution C. ", 2),
        ("Best: D", None),
        ("Best: 2", None),
        ("The best solution is A common one.", None),
        ("The best is a sum.", None),
        ("Bestow B on us", None),
        ("Best: BC", None),
        ("Solution A says 4 and solution B says 5.", None),
        ("Best:", None),
        ("", None),
    ],
)
def test_letters_are_read(text: str, place: int | None) -> None:
    assert read_letter(text, 3) == place
