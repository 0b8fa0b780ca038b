"""Keeps examples that the task's checker accepts: the essential filter of rejection sampling.

A verdict may be *unscored*, which is not wrong. Unscored examples are not verified and are dropped, too, with
a separate reason in the audit.
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
        """A screen over the verdict that the stage already has."""
        return each(_judge)


def _judge(draft: Draft) -> str:
    if draft.verdict.correct:
        return ""
    why = "unscored" if draft.verdict.correct is None else "wrong"
    return f"{why}: {draft.verdict.reason}" if draft.verdict.reason else why
