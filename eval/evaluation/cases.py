"""A problem of an evaluation as it is handed to a process, and one strategy's job on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from eval.estimators.derived import Expected
from eval.grading import Grader
from eval.plans.needs import needs
from eval.strategies import Strategy
from lab.core.flops.model import FlopsModel
from lab.core.scheduling.jobs import Outcome
from lab.core.types import Answer, Problem, Question


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """A problem, with all that depends on others: the name and the number of its cluster within its task.

    `task` is the number of the task. It can be pickled.
    """

    task: int
    problem: Problem
    cluster: str
    number: int


@dataclass(frozen=True, slots=True)
class EvaluationCase:
    """One (task, problem, strategy) in progress; `number` is the number of its cluster within the task."""

    task: str
    cluster: str
    number: int
    grader: Grader
    strategy: Strategy
    question: Question

    @property
    def derives(self) -> bool:
        """Whether points at smaller k can be derived from its pool. The size of a pool with a budget depends
        on its cost, so a subset of k is not a random sample.
        """
        return self.strategy.size > 1 and not self.strategy.budget

    def expected(self, outcome: Outcome[Answer], answer: Answer, sizes: Mapping[str, FlopsModel]) -> Expected:
        """The expected cost of smaller pools."""
        judging = partial(self.strategy.judging, self.question)
        masks = needs(outcome.charges, answer, judging)
        return Expected(outcome.charges, masks, len(answer.candidates), sizes)
