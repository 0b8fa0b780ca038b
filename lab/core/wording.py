"""Wording that a corpus teaches and an evaluation asks with.

A model trained to verify or to try again helps only if it is asked in the words it has learned. These texts
are therefore shared: the scorers and strategies of `eval` ask with them, the methods of `data_gen` make
training prompts of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

YES, NO = "Yes", "No"

IS_IT_RIGHT = "Is the answer above correct? Reply with exactly one word, Yes or No."
"""Asked behind an answer; the reply is YES or NO (the scorer `p_true`)."""

CHECK_IT = (
    "Check the answer above step by step: redo the work and compare. "
    'End with one line that says "Verdict: correct" or "Verdict: incorrect".'
)
"""Asked behind an answer; the reply is a written check that `read_verdict` reads (scorer `self_verify`)."""

RETRY = (
    "Earlier attempts at the problem below, which may be wrong:\n\n{attempts}\n\n"
    "Solve the problem again.\n\n{question}"
)
"""The whole user turn that asks for another attempt (the strategy `sequential_revision`)."""


def read_verdict(text: str) -> bool | None:
    """The last verdict of a written check: True for "correct", False for "incorrect", None for none."""
    found = _VERDICT.findall(text)
    return found[-1].lower() == "correct" if found else None


def retry(question: str, attempts: Sequence[str]) -> str:
    """The user turn RETRY with these attempts, numbered from 1, oldest first."""
    numbered = (f"Attempt {i}:\n{text}" for i, text in enumerate(attempts, 1))
    return RETRY.format(attempts="\n\n".join(numbered), question=question)


_VERDICT = re.compile(r"verdict\W{0,8}(?:is\W{1,4})?(correct|incorrect)\b", re.IGNORECASE)
