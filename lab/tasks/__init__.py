"""Tasks: sources of problems, each with a checker.

A task is a component with `problems(split, seed=)`, a `checker` and a `label`. To add one: a file, and a line
in the registry here; prompting.py has what all tasks share. Sources (documents, seed instructions, blank
problems) are tasks without gold, for data methods only: see source_task.py.
"""

from __future__ import annotations

from lab.core.component import Registry

REGISTRY = Registry(
    "lab.tasks",
    __name__,
    "Task",
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
__getattr__ = REGISTRY.exported
