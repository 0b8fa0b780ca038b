"""A shard: a run of consecutive problems of a stage, the unit of work on a cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """The problems with numbers `start` <= number < `end`."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        return f"{self.start:012}-{self.end:012}"

    def overlaps(self, other: Shard) -> bool:
        """Whether both have a problem."""
        return self.start < other.end and other.start < self.end

    @classmethod
    def parse(cls, text: str) -> Shard | None:
        """Reads the output of `str`; None if it is something else."""
        start, dash, end = text.partition("-")
        plain = all(len(n) == 12 and n.isascii() and n.isdecimal() for n in (start, end))
        return cls(int(start), int(end)) if dash and plain and int(start) < int(end) else None
