"""A running summary of numbers, in constant memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Numbers:
    """Count, mean, minimum and maximum of the numbers added."""

    count: int = 0
    total: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def add(self, value: float) -> None:
        self.low = min(self.low, value) if self.count else value
        self.high = max(self.high, value) if self.count else value
        self.count += 1
        self.total += value

    def summary(self) -> dict[str, Any]:
        return {"count": self.count, "mean": self.total / self.count, "min": self.low, "max": self.high}
