"""How a component learns on dev problems what it needs before it can be evaluated.

A component that `learns` (weights of an ensemble, thresholds, a choice of method) says in `study` what it
wants drawn for a dev problem; the evaluation loop runs these plans on the tasks' dev split, adds the gold
side, and hands all of them to `fitted`, which returns a copy that has learned. Test problems play no part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lab.core.types import Question

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LearningStudy(Generic[T]):
    """One dev problem: what `study` returned for it, and whether a text answers it rightly.

    `correct` gives 1 or 0, NaN where the checker cannot tell. `task` is the task's label.
    """

    task: str
    question: Question
    result: T
    correct: Callable[[str], float]
