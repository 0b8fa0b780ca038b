"""A task proves itself: its gold answers, written as the task asks for them, pass its own checker.

The right answer to a problem that has none is an abstention.
"""

from __future__ import annotations

from typing import Any

from lab.core.abstention import I_DO_NOT_KNOW, answerable, judge
from lab.core.errors import InputError
from lab.core.protocols import Split


def prove(task: Any, split: Split, count: int = 100, *, seed: int = 0) -> int:
    """Checks the first `count` golds of a split, bare and in the answer format; how many were checked.

    What an unanswerable problem accepts is checked in their place.

    Raises InputError naming the first problem whose gold is not accepted.
    """
    problems = task.problems(split, seed=seed)[:count]
    pattern = task.default_format() if task.answer_format is None else task.answer_format
    for problem in problems:
        gold = problem.gold[0] if isinstance(problem.gold, (list, tuple)) else problem.gold
        texts = (pattern.replace("{answer}", str(gold)), str(gold)) if answerable(problem) else NOT_KNOWN
        for text in texts:
            verdict = judge(task.checker, problem, text)
            if verdict.correct is not True:
                raise InputError(f"{problem.id}: the gold {text!r:.80} does not pass: {verdict.reason}")
    return len(problems)


NOT_KNOWN = (I_DO_NOT_KNOW,)
