"""The tables of right readings (tests/cases): each row is read as it says, contested ones with their reason.

What is cut, empty, unfinished or about another question has no answer; every checker says so alike.
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.core.types import Problem
from lab.language.reasoning import UNFINISHED, without_reasoning
from lab.tasks.checkers import Choice, Closer, Contains, Exact, Math, Numeric, Regex, Text
from lab.tasks.checkers.verdicts import CUT, canonical, judge
from lab.tasks.knowledge.short_answer import ShortAnswer
from tests.support.reading_table import TABLES, kind, reads_right, rows

ROWS = [row for path in TABLES for row in rows(path)]
EVERY: list[Any] = [
    Numeric(), Text(), Choice(), Exact(), Contains(), Math(), ShortAnswer(), Closer(),
    Regex(pattern=r"is (\w+)"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{kind(row)}-{row['text'][:30]!r}")
def test_row(row: dict[str, Any]) -> None:
    assert reads_right(row) is ("contested" not in row), row


@pytest.mark.parametrize("checker", EVERY, ids=lambda checker: type(checker).__name__)
@pytest.mark.parametrize(
    ("text", "cut", "reason"),
    [
        ("", False, "empty text"),
        ("  \n ", False, "empty text"),
        ("<think>It is 5", False, UNFINISHED),
        ("<think>The answer is B. \\boxed{5}", True, UNFINISHED),
        ("What is it, B or 5?", False, "it only repeats the question"),
        ("what is it, B", False, "it only repeats the question"),
        ("**Question:** What is it, B or 5?", False, "it only repeats the question"),
        ("So it has 3 rows, and then 5", True, CUT),
    ],
)
def test_what_says_nothing_has_no_value(checker: Any, text: str, cut: bool, reason: str) -> None:
    gold, meta = ("B" if isinstance(checker, Choice) else "5"), {"incorrect": ["6"]}
    problem = Problem("p", ({"role": "user", "content": "What is it, B or 5?"},), gold, meta)
    verdict = judge(checker, problem, text, cut=cut)
    assert (verdict.correct, verdict.value, verdict.abstained) == (False, None, False)
    assert verdict.reason == reason
    assert canonical(checker, problem, text, cut=cut) is None


@pytest.mark.parametrize(
    "checker", [Numeric(), Text(), Exact(), Math(), ShortAnswer()], ids=lambda c: type(c).__name__
)
def test_a_marker_tells_the_answer_of_a_text_that_was_cut(checker: Any) -> None:
    problem = Problem("p", (), "5")
    for text in (
        "The answer is 5",
        "so \\boxed{5}",
        "#### 5",
        "<answer>5</answer>",
        "Answer: 5\n\nThis is bec",
    ):
        assert judge(checker, problem, text, cut=True).correct is (
            True if "5\n" not in text else checker.check(problem, text).correct
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain", "plain"),
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("x <think>a</think> y <thinking>c</thinking> z", "x  y  z"),
        ("<think>a<think>b</think>c", "c"),
        ("<THINK>a</THINK>b", "b"),
        ("[THINK]a[/THINK]b", "b"),
        ("◁think▷a◁/think▷b", "b"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", "b"),
        ("<think>a", None),
        ("b <think>a", None),
        ("I think <b>so</b>", "I think <b>so</b>"),
    ],
)
def test_reasoning_is_taken_out(text: str, said: str | None) -> None:
    assert without_reasoning(text) == said


def test_what_stands_behind_the_repeated_question_is_read() -> None:
    problem = Problem("p", ({"role": "user", "content": "What is 3 + 4?\nGive the number."},), "7")
    for text in (
        "What is 3 + 4? 7",
        "What is 3 + 4?\nGive the number.\n\n7",
        "WHAT IS 3 + 4 ... The answer is 7",
    ):
        assert judge(Numeric(), problem, text).correct is True, text
    assert judge(Numeric(), problem, "What is 3 + 4? 8").value == "8"
