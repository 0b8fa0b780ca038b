"""Drops what is known to be wrong and keeps the rest, including unscored examples.

If there is no gold (documents, instructions, new questions), `verified` would keep nothing. This filter drops
what the task's checker rejects and what the method itself has marked: degenerate questions, output that does
not parse, evidence that is not in the document.
"""

from __future__ import annotations

from typing import Literal

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each


class NotWrong(FilterComponent):
    """Keeps only completions that are right or that cannot be checked."""

    kind: Literal["not_wrong"] = "not_wrong"

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over the verdict that the stage already has."""
        return each(_judge)


def _judge(draft: Draft) -> str:
    if draft.verdict.correct is not False:
        return ""
    return f"wrong: {draft.verdict.reason}" if draft.verdict.reason else "wrong"
