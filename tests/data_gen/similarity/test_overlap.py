"""Overlap with the evaluation tasks: n-grams, short questions, template wording."""

from __future__ import annotations

import pytest

from data_gen.similarity.overlap import OverlapIndex, TestQuestion
from lab.core.types import Problem

STORY = "natalia sold clips to forty eight of her friends in april and then half as many in may"


def ids(index: OverlapIndex, question: str, text: str = "") -> list[tuple[str, bool]]:
    return [(hit.test.id, hit.exact) for hit in index.hits(question, text)]


def index_of(*questions: str, n: int = 13, solution: str = "") -> OverlapIndex:
    return OverlapIndex([TestQuestion("t", str(i), q, solution) for i, q in enumerate(questions)], n)


def test_thirteen_shared_words_overlap_and_twelve_do_not():
    index = index_of(STORY)
    words = STORY.split()
    assert ids(index, "Once, " + " ".join(words[2:15]) + " she stopped") == [("0", False)]
    assert ids(index, "Once, " + " ".join(words[2:14]) + " she stopped") == []
    assert index.hits(" ".join(words[2:15]), "")[0].gram == " ".join(words[2:15])


def test_the_completion_counts_too_and_case_and_punctuation_do_not():
    assert ids(index_of(STORY), "other", f"Recall: {STORY.upper()}?!") == [("0", False)]


def test_equal_questions_are_told_from_overlapping_ones():
    assert ids(index_of(STORY), STORY.title() + ".") == [("0", True)]
    assert ids(index_of(STORY), STORY + " and june") == [("0", False)]


@pytest.mark.parametrize("length", [8, 10, 12])
def test_a_question_of_8_to_12_words_is_one_gram(length):
    short = " ".join(STORY.split()[:length])
    assert ids(index_of(short), f"well, {short} today") == [("0", False)]
    assert ids(index_of(short), " ".join(short.split()[1:])) == []


def test_a_shorter_question_overlaps_only_when_equal():
    index = index_of("What is 3 + 4?")
    assert ids(index, "what is 3 + 4") == [("0", True)]
    assert ids(index, "so what is 3 + 4 then") == []
    assert ids(index, "What is 3 - 4?") == [], "the operator matters"


INSTRUCTION = "Think step by step, then write your final answer as a number after four hash marks."


def test_words_all_test_questions_share_at_their_ends_are_no_part_of_them():
    tests = [f"What is {a} + {b}?\n{INSTRUCTION}" for a in (1, 2, 12) for b in (7, 8, 31)]
    index = index_of(*tests)
    assert ids(index, f"What is 55 + 7?\n{INSTRUCTION}") == []
    assert ids(index, f"What is 2 + 31?\n{INSTRUCTION}") == [("5", True)]
    assert ids(index, "What is 2 + 31?") == [("5", True)], "the same question with another instruction"
    assert ids(index, f"{STORY}\n{INSTRUCTION}", INSTRUCTION) == []


def test_equal_test_questions_keep_their_words():
    assert ids(index_of(STORY, STORY), STORY) == [("0", True), ("1", True)]
    assert ids(index_of("3 + 4", "3 + 4 + 5"), "3 + 4") == [("0", True)]


def test_wording_of_the_template_is_ignored():
    suffix = "please think step by step and then write your final answer after four hash marks"
    index = index_of(
        *(f"compute {i} plus {i + 1} {suffix} {'or' if i % 2 else 'and'} stop" for i in range(40))
    )
    assert ids(index, f"name a colour {suffix}") == []
    assert ids(index, f"compute 7 plus 8 {suffix} or stop") == [("7", True)]
    assert ids(index, f"compute 7 plus 8 {suffix} xor stop") == [("7", False)]


def test_what_many_tests_share_is_still_found_if_at_most_a_tenth_do():
    others = [" ".join(f"w{i}x{j}" for j in range(20)) for i in range(28)]
    assert ids(index_of(STORY, STORY, *others), STORY) == [("0", True), ("1", True)]
    assert ids(index_of(STORY, STORY, *others), STORY + " etc") == [("0", False), ("1", False)]


def test_gold_solutions_count_and_bare_answers_do_not():
    assert ids(index_of("what?", solution=STORY), "q", f"so {STORY}") == [("0", False)]
    assert ids(index_of("what?", solution="42"), "q", "42") == []


def test_the_question_is_the_last_user_turn_and_the_solution_is_text():
    turns = ({"role": "system", "content": "s"}, {"role": "user", "content": "q"})
    made = TestQuestion.of("t", Problem("id", turns, 42))  # type: ignore[arg-type]
    assert (made.question, made.solution) == ("q", "")
    assert TestQuestion.of("t", Problem("id", turns, "g", {"solution": "why"})).solution == "why"  # type: ignore[arg-type]


def test_empty_questions_match_nothing():
    assert ids(index_of("", "?!"), "", "") == []
