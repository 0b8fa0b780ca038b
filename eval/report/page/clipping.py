"""Texts of the page: control characters made visible, long texts cut so that the page stays small."""

from __future__ import annotations

from dataclasses import dataclass

from lab.system.redact import hidden
from lab.system.terminal import safe

TEXT_LIMIT = 4000
"""Maximum number of characters of a text."""
TEXT_BUDGET = 24_000_000
"""Characters of all texts together; after that each has at most `SHORT`."""
SHORT = 80


@dataclass(slots=True)
class Room:
    """The remaining characters of the page."""

    left: int

    def clip(self, text: str, limit: int = TEXT_LIMIT) -> str:
        """The text as the page shows it, cut at `limit`, or at `SHORT` where there is no room left."""
        said = clip(text, limit if self.left > 0 else min(limit, SHORT))
        self.left -= len(said)
        return said


def shown(text: str) -> str:
    """What `safe` makes of a text; quick for one without control characters."""
    return hidden(text) if text.replace("\n", "").replace("\t", "").isprintable() else safe(text)


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text made visible, cut at `limit` characters with a note that says how many are left out."""
    if len(text) <= limit:
        return shown(text)
    return f"{shown(text[:limit])} … ({len(text) - limit:,} more characters)"
