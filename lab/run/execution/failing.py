"""How the error that ended a stage, or one of its workers, is told to the user."""

from __future__ import annotations

import traceback

from lab.errors import EngineError, InputError, LabError
from lab.run.execution.assignment import Assignment
from lab.run.folders.layout import is_disk_full, no_space


def explain(error: BaseException, assignment: Assignment) -> tuple[str, str]:
    """The kind of the error (input, engine, stage) and the message for the user."""
    if isinstance(error, InputError):
        return "input", str(error)
    if isinstance(error, EngineError):
        return "engine", str(error)
    if isinstance(error, LabError):
        return "stage", str(error)
    if is_disk_full(error):
        return "stage", no_space(assignment.runs)
    if isinstance(error, MemoryError):
        return "stage", (
            "out of memory. Lower the engine's max_num_seqs or the batch size, then "
            "run the same command again"
        )
    text = "".join(traceback.format_exception_only(error)).strip()
    return "stage", f"{text} (the full traceback is in {assignment.out / 'log.txt'})"
