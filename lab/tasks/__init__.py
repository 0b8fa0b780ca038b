"""Tasks: where problems come from and what is right.

A task is a component with `problems(split, seed=)`, a `checker` and a `label`. A new task is one
file and one line of the registry here; prompting.py holds what all of them share. Sources (documents, seed
instructions, blanks) are tasks without gold, for data methods only: see source_task.py.
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
