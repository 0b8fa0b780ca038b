"""Untrusted text on a terminal: control characters and escape sequences become visible, harmless text, and
the secrets of this process do not appear."""

from __future__ import annotations

import unicodedata

from lab.core.redact import hidden

_KEEP = {"\n", "\t"}


def safe(text: str) -> str:
    """Replace control, format, surrogate and line-separator characters, but newline and tab, by an escape."""
    return "".join(
        c if c in _KEEP or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else _visible(c)
        for c in hidden(text)
    )


def _visible(character: str) -> str:
    return f"\\u{ord(character):04x}"
