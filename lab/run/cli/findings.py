"""What `lab doctor` finds: one row per check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "blocks"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found and, unless it is fine, how to fix it."""

    topic: str
    name: str
    found: str
    level: Level = "ok"
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """The results of all checks, and the settings that the default engine will use."""

    items: tuple[Finding, ...]
    engine: dict[str, Any]

    @property
    def blocked(self) -> bool:
        """Whether generate, train and evaluate stages cannot run here."""
        return any(f.level == "blocks" for f in self.items)

    def data(self) -> dict[str, Any]:
        """As plain JSON data."""
        return {"blocked": self.blocked, "engine": self.engine, "findings": [asdict(f) for f in self.items]}
