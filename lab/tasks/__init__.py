"""Tasks: where problems come from and what is right.

A task is a component with `problems(split, seed=)`, a `checker` and a `label`. A new task is one
file and one member of the union here; prompting.py holds what all of them share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import union_of
from lab.tasks.reasoning_gym import ReasoningGym

if TYPE_CHECKING:
    Task = Any
else:
    Task = union_of("lab.tasks", ReasoningGym)

__all__ = ["ReasoningGym", "Task"]
