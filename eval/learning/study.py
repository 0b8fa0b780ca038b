"""How a component learns from dev problems before it is evaluated.

A component that `learns` (weights of an ensemble, thresholds, a choice of method) returns a plan for a dev
problem in `study`. The evaluation loop runs these plans on the tasks' dev split, adds the correctness, and
passes all of them to `fitted`, which returns a copy that has learned. Test problems are not used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lab.core.types import Question

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LearningStudy(Generic[T]):
    """One dev problem: what `study` returned for it, and the correctness of a text.

    `correct` gives 1 or 0, NaN if the checker cannot judge. `task` is the task's label.
    """

    task: str
    question: Question
    result: T
    correct: Callable[[str], float]
