"""Which set of test problems each task of a finished evaluate stage belongs to, read from its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sets_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Task label -> its `test_set`, in the stage's order, for the tasks that name one.

    A task that this installation does not know (of a package that is gone) is left out.
    """
    from pydantic import TypeAdapter, ValidationError

    from lab.tasks import Task

    found = {}
    for task in manifest.get("config", {}).get("tasks", ()):
        if task.get("test_set"):
            try:
                found[str(TypeAdapter(Task).validate_python(task).label)] = str(task["test_set"])
            except ValidationError:
                continue
    return found
