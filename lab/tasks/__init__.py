"""Tasks: sources of problems, each with a checker.

A task is a component with `problems(split, seed=)`, a `checker` and a `label`. To add one: a file, and a line
in the registry here; prompting.py has what all tasks share. Sources (documents, seed instructions, blank
problems) are tasks without gold, for data methods only: see source_task.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import Registry, union_of

REGISTRY = Registry(
    "lab.tasks",
    __name__,
    reasoning_gym="ReasoningGym",
    gsm8k="GSM8K",
    capitals="facts:Capitals",
    facts="Facts",
    unanswerable="Unanswerable",
    grounded="Grounded",
    jsonl="Jsonl",
    qa="QA",
    documents="Documents",
    factbook="documents:Factbook",
    instructions="Instructions",
    blank="Blank",
)

if TYPE_CHECKING:
    Task = Any
else:
    Task = union_of(REGISTRY)


def __getattr__(name: str) -> Any:
    """A member's class, imported when it is first asked for."""
    return REGISTRY.exported(name)
