"""Drops completions that are too short or too long, in tokens (as the engine counted) or characters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each


class LengthFilter(FilterComponent):
    """Keeps completions within the given limits; by default it drops only empty ones."""

    kind: Literal["length"] = "length"
    min_tokens: int | None = Field(None, ge=0)
    """Minimum number of generated tokens; null for no limit."""
    max_tokens: int | None = Field(None, ge=1)
    """Maximum number of generated tokens; null for no limit."""
    min_chars: int | None = Field(1, ge=0)
    """Minimum number of characters, without white space at the ends; null for no limit."""
    max_chars: int | None = Field(None, ge=1)
    """Maximum number of characters, without white space at the ends; null for no limit."""

    @model_validator(mode="after")
    def _ordered(self) -> LengthFilter:
        for unit, low, high in (
            ("tokens", self.min_tokens, self.max_tokens),
            ("chars", self.min_chars, self.max_chars),
        ):
            if low is not None and high is not None and low > high:
                raise ValueError(
                    f"min_{unit} ({low}) is above max_{unit} ({high}), so every example would be dropped"
                )
        return self

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over both lengths."""
        return each(self._judge)

    def _judge(self, draft: Draft) -> str:
        tokens = _outside(draft.completion_tokens, self.min_tokens, self.max_tokens, "tokens")
        return tokens or _outside(len(draft.text.strip()), self.min_chars, self.max_chars, "characters")


def _outside(size: int, low: int | None, high: int | None, unit: str) -> str:
    if low is not None and size < low:
        return f"{size} {unit}, fewer than {low}"
    if high is not None and size > high:
        return f"{size} {unit}, more than {high}"
    return ""
