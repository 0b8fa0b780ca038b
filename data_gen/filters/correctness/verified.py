"""Keeps what the task's checker says is right: the filter that makes rejection sampling work.

A verdict may be *unscored*, which is not wrong; unscored examples are not verified and go too, with a
reason of their own in the audit.
"""

from __future__ import annotations

from typing import Literal

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each


class Verified(FilterComponent):
    """Keeps only completions whose answer the task's checker accepts."""

    kind: Literal["verified"] = "verified"

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over the verdict the stage already has."""
        return each(_judge)


def _judge(draft: Draft) -> str:
    if draft.verdict.correct:
        return ""
    why = "unscored" if draft.verdict.correct is None else "wrong"
    return f"{why}: {draft.verdict.reason}" if draft.verdict.reason else why
