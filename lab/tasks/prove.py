"""Verifies that a task's gold answers, written as the task asks for them, pass its own checker.

A question without an answer must have no gold, and an abstention must be right.
"""

from __future__ import annotations

from lab.core.protocols import Split
from lab.core.types import Problem
from lab.errors import InputError
from lab.language.abstention.reading import I_DO_NOT_KNOW, answerable
from lab.tasks.checkers.verdicts import judge
from lab.tasks.prompting import Prompted


def prove(task: Prompted, split: Split, count: int = 100, *, seed: int = 0) -> int:
    """Checks the first `count` golds of a split, bare and in the answer format. Returns how many were
    checked.

    Raises InputError naming the first problem whose gold is not accepted.
    """
    problems = task.problems(split, seed=seed)[:count]
    pattern = task.default_format() if task.answer_format is None else task.answer_format
    for problem in problems:
        if not answerable(problem):
            _prove_none(task, problem)
            continue
        gold = problem.gold[0] if isinstance(problem.gold, (list, tuple)) else problem.gold
        for text in (pattern.replace("{answer}", str(gold)), str(gold)):
            verdict = judge(task.checker, problem, text)
            if verdict.correct is not True:
                raise InputError(
                    f"{problem.id}: the checker does not accept the gold {text!r:.80}: {verdict.reason}"
                )
    return len(problems)


def _prove_none(task: Prompted, problem: Problem) -> None:
    """Raises InputError if the problem has a gold, or if an abstention is not right."""
    said = judge(task.checker, problem, I_DO_NOT_KNOW)
    if problem.gold is not None or said.correct is not True:
        raise InputError(
            f"{problem.id}: it should have no answer, but its gold is {problem.gold!r:.80}: {said.reason}"
        )
