"""Untrusted text in Markdown: fences and table cells that it cannot end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.system.terminal import safe


def fenced(text: str, language: str = "text") -> str:
    """Untrusted text as a Markdown code block that it cannot end."""
    shown = safe(text.replace("\r\n", "\n").replace("\r", "\n"))
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def inline(text: object) -> str:
    """A short untrusted string for running text or a table cell: one line, no markup."""
    flat = " ".join(safe(str(text)).split())
    return re.sub(r"([\\`*_\[\]<>|#~$!&])", r"\\\1", flat)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; every cell is treated as untrusted."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(inline(cell) for cell in row) + " |" for row in rows])


def percent(value: float | None) -> str:
    """`12.5 %`; empty if undefined."""
    return "" if value is None else f"{100 * value:.1f} %"


def decimal(value: float | None, digits: int = 3) -> str:
    """A fixed number of decimals; empty if undefined."""
    return "" if value is None else f"{value:.{digits}f}"
