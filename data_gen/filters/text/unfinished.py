"""Drops completions that reached the token limit: truncated solutions teach the model never to stop."""

from __future__ import annotations

from typing import Literal

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each


class Unfinished(FilterComponent):
    """Keeps only completions that ended on their own (finish reason "stop")."""

    kind: Literal["unfinished"] = "unfinished"

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over the finish reason."""
        return each(_judge)


def _judge(draft: Draft) -> str:
    return "" if draft.finish_reason == "stop" else f"finish reason '{draft.finish_reason or 'unknown'}'"
