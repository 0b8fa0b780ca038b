"""The tasks of a finished stage, and which set of test problems each belongs to, read from its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def tasks_of(manifest: Mapping[str, Any]) -> Iterator[Any]:
    """A stage's tasks, in its order. One that this installation does not know (of a package that is gone)
    is left out."""
    from pydantic import TypeAdapter, ValidationError

    from lab.tasks import Task

    for task in manifest.get("config", {}).get("tasks", ()):
        try:
            yield TypeAdapter(Task).validate_python(task)
        except ValidationError:
            continue


def sets_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Task label -> its `test_set`, in the stage's order, for the tasks that name one."""
    return {str(task.label): str(task.test_set) for task in tasks_of(manifest) if task.test_set}
