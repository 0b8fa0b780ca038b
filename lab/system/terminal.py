"""Untrusted text on a terminal: control characters and escape sequences become visible, harmless text, and
the secrets of this process do not appear."""

from __future__ import annotations

import json
import unicodedata
from math import isfinite
from typing import Any

from lab.system.redact import hidden

_KEEP = {"\n", "\t"}


def safe(text: str) -> str:
    """Replaces control, format, surrogate and line-separator characters, except newline and tab, by
    escapes.
    """
    return "".join(
        c if c in _KEEP or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else _visible(c)
        for c in hidden(text)
    )


def _visible(character: str) -> str:
    return f"\\u{ord(character):04x}"


def _shown(character: str) -> str:
    kept = character in _KEEP or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    return character if kept else _visible(character)


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 5 min`; for a person."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def safe_json(data: Any) -> str:
    """Indented JSON that a terminal can show: characters that `safe` would replace are JSON escapes.

    It is strict JSON: an undefined (NaN) or infinite number is null.
    """
    text = json.dumps(finite(data), indent=1, ensure_ascii=False, default=str, allow_nan=False)
    return "".join(c if _shown(c) == c else json.dumps(c)[1:-1] for c in text)


def finite(value: Any) -> Any:
    """The same, with None for each undefined or infinite number; tuples become lists."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def plain_text(text: object, style: str = "") -> Any:
    """Untrusted text for `rich`: made safe and without markup; "" for None."""
    from rich.text import Text

    return Text(safe(str(text if text is not None else "")), style=style)
