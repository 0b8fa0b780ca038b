"""A running summary of numbers, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Numbers:
    """Count, mean, minimum and maximum of the numbers added.

    A sum of floats depends on the order. If another process continues it, `log` has the numbers in order, to
    be added again there; otherwise it is None.
    """

    count: int = 0
    total: float = 0.0
    low: float = 0.0
    high: float = 0.0
    log: list[float] | None = None

    @classmethod
    def open(cls, *, logged: bool) -> Numbers:
        """No numbers yet."""
        return cls(log=[] if logged else None)

    def add(self, value: float) -> None:
        self.low = min(self.low, value) if self.count else value
        self.high = max(self.high, value) if self.count else value
        self.count += 1
        self.total += value
        if self.log is not None:
            self.log.append(value)

    def extend(self, values: Iterable[float]) -> None:
        """Adds numbers in order."""
        for value in values:
            self.add(value)

    def summary(self) -> dict[str, Any]:
        return {"count": self.count, "mean": self.total / self.count, "min": self.low, "max": self.high}
