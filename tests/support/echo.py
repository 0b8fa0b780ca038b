"""The echo test's score: how many replies that only repeat the question, or begin to, are taken for right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.core.types import Problem
from lab.tasks.checkers.verdicts import canonical, judge

MOST = 0.01
"""The share that may be right by conventions.md ("Reading an answer")."""


def beginnings(question: str) -> Iterator[str]:
    """The question, and parts from its beginning: the first words, and some that end anywhere."""
    yield question
    words = question.split(" ")
    yield from (" ".join(words[:count]) for count in range(1, min(5, len(words))))
    yield from (question[: len(question) * part // 11] for part in range(1, 11))
    yield question.splitlines()[0]


def score(task: Any, problems: list[Problem], shortest: int = 1) -> float:
    """The share of the replies, of at least `shortest` characters, that the checker accepts, asked as the lab
    asks and directly."""
    right = replies = 0
    for problem in problems:
        for text in beginnings(problem.messages[-1]["content"]):
            if len(text) < shortest:
                continue
            verdict = judge(task.checker, problem, text)
            right += verdict.correct is True or task.checker.check(problem, text).correct is True
            replies += 1
            assert verdict.correct is not True or canonical(task.checker, problem, text) is not None
    return right / replies
