"""The forms of a gold answer: one value, a list of accepted ones (the first is shown), or nothing."""

from __future__ import annotations

from typing import Any


def gold_texts(gold: Any) -> list[str]:
    """All accepted answers as text, the preferred one first; empty where there is no gold."""
    values = gold if isinstance(gold, (list, tuple)) else [gold]
    return [str(value) for value in values if value is not None and str(value).strip()]
