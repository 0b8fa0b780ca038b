"""Rewards for online training: the train problems of a stage's tasks, judged by their checkers.

The training process opens it from plain JSON data: the tasks as the recipe describes them, and the seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.core.protocols import Checker, TaskLike
from lab.core.types import Problem, Verdict
from lab.errors import InputError
from lab.tasks.base import TaskBase
from lab.tasks.checkers.verdicts import judge


def reward_spec(tasks: Sequence[TaskBase], seed: int) -> dict[str, Any]:
    """The specification that `open_reward` needs, as JSON-able data."""
    return {"tasks": [task.model_dump(mode="json") for task in tasks], "seed": seed}


def open_reward(spec: Mapping[str, Any]) -> CheckerReward:
    """The reward for a specification made by `reward_spec`."""
    from pydantic import TypeAdapter

    from lab.tasks import Task

    adapter: TypeAdapter[TaskBase] = TypeAdapter(Task)
    return CheckerReward([adapter.validate_python(task) for task in spec["tasks"]], int(spec["seed"]))


@dataclass(frozen=True)
class CheckerReward:
    """Problems of the train splits, each judged by the checker of its own task."""

    tasks: Sequence[TaskLike]
    seed: int

    def problems(self) -> list[Problem]:
        """All train problems, task by task, with unique ids. Raises InputError if a task has none."""
        found: list[Problem] = []
        for task in self.tasks:
            problems = task.problems("train", seed=self.seed)
            if not problems:
                raise InputError(f"task '{task.label}' has no training problems")
            found += problems
        if len({problem.id for problem in found}) < len(found):
            raise InputError(
                "two of the tasks have problems with the same ids: give each task its own `name`"
            )
        return found

    def check(self, problem: Problem, text: str, *, cut: bool = False) -> Verdict:
        """The verdict on a text; unscored if the checker cannot judge it. `cut`: the text was cut off at
        `max_tokens`.
        """
        return judge(self._checkers()[str(problem.meta["task"])], problem, text, cut=cut)

    def _checkers(self) -> dict[str, Checker]:
        return {task.label: task.checker for task in self.tasks}
