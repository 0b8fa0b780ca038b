"""Tasks: sources of problems, each with a checker.

A task is a component with `problems(split, seed=)`, a `checker` and a `label`. To add one, write a file and
add it to the registry here; prompting.py has what all tasks share. Sources (documents, seed instructions,
blank problems) are tasks without a gold answer, for data methods only: see sources/base.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from lab.tasks.base import TaskBase

    Task = TaskBase

REGISTRY = Registry(
    "lab.tasks",
    __name__,
    "Task",
    "base:TaskBase",
    reasoning_gym="reasoning_gym.task:ReasoningGym",
    gsm8k="benchmarks.gsm8k:GSM8K",
    capitals="knowledge.facts:Capitals",
    facts="knowledge.facts:Facts",
    unanswerable="knowledge.unanswerable:Unanswerable",
    grounded="knowledge.grounded:Grounded",
    jsonl="Jsonl",
    qa="benchmarks.qa:QA",
    documents="documents.source:Documents",
    factbook="documents.source:Factbook",
    instructions="sources.instructions:Instructions",
    blank="sources.blank:Blank",
)
__getattr__ = REGISTRY.exported
