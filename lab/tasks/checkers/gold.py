"""Reads gold answers: one value, a list of accepted values (the first is shown), or none."""

from __future__ import annotations

from typing import Any


def gold_texts(gold: Any) -> list[str]:
    """All accepted answers as text, the preferred one first; empty if there is no gold."""
    values = gold if isinstance(gold, (list, tuple)) else [gold]
    return [str(value) for value in values if value is not None and str(value).strip()]
