"""Tasks: where problems come from and what is right.

A task is a component with `problems(split, seed=)`, a `checker` and a `label`. A new task is one
file and one member of the union here; prompting.py holds what all of them share. Sources (documents, seed
instructions, blanks) are tasks without gold, for data methods only: see source_task.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import union_of
from lab.tasks.blank import Blank
from lab.tasks.documents import Documents, Factbook
from lab.tasks.facts import Capitals, Facts
from lab.tasks.grounded import Grounded
from lab.tasks.gsm8k import GSM8K
from lab.tasks.instructions import Instructions
from lab.tasks.jsonl import Columns, Jsonl
from lab.tasks.prompting import Item, Prompted
from lab.tasks.qa import QA
from lab.tasks.reasoning_gym import ReasoningGym
from lab.tasks.unanswerable import Unanswerable

if TYPE_CHECKING:
    Task = Any
else:
    Task = union_of(
        "lab.tasks",
        ReasoningGym,
        GSM8K,
        Capitals,
        Facts,
        Unanswerable,
        Grounded,
        Jsonl,
        QA,
        Documents,
        Factbook,
        Instructions,
        Blank,
    )

__all__ = [
    "GSM8K",
    "QA",
    "Blank",
    "Capitals",
    "Columns",
    "Documents",
    "Factbook",
    "Facts",
    "Grounded",
    "Instructions",
    "Item",
    "Jsonl",
    "Prompted",
    "ReasoningGym",
    "Task",
    "Unanswerable",
]
