"""What each kind of stage does. This is the only code that joins tasks, engines and methods."""

from __future__ import annotations

from collections.abc import Callable

from lab.run.execution.context import StageContext


def runner_of(kind: str) -> Callable[[StageContext], None]:
    """The function that runs a stage of this kind; imported only when needed."""
    from importlib import import_module

    run: Callable[[StageContext], None] = import_module(f"lab.run.stages.{kind}").run
    return run
