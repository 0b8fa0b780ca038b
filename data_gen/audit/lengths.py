"""Distributions of whole numbers (token counts, characters), counted value by value.

Memory is one entry per different value, independent of the number of examples. A histogram of at most BINS
bins goes into audit.json, so that it can be plotted again.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

BINS = 24


def distribution(counts: Counter[int]) -> dict[str, Any]:
    """Count, sum, mean, minimum, median, 95th percentile (nearest rank), maximum, and a histogram."""
    total, weighted = sum(counts.values()), sum(value * count for value, count in counts.items())
    if not total:
        return {"count": 0}
    ordered = sorted(counts)
    return {
        "count": total,
        "sum": weighted,
        "mean": weighted / total,
        "min": ordered[0],
        "p50": _rank(counts, ordered, 0.5 * total),
        "p95": _rank(counts, ordered, 0.95 * total),
        "max": ordered[-1],
        "histogram": histogram(counts),
    }


def histogram(counts: Counter[int]) -> list[list[int]]:
    """[first value, last value, count] of bins of equal width, those without a count included."""
    low, high = min(counts), max(counts)
    width = (high - low) // BINS + 1
    bins = [[at, at + width - 1, 0] for at in range(low, high + 1, width)]
    for value, count in counts.items():
        bins[(value - low) // width][2] += count
    return bins


def _rank(counts: Counter[int], ordered: list[int], rank: float) -> int:
    seen = 0
    for value in ordered:
        seen += counts[value]
        if seen >= rank:
            return value
    return ordered[-1]
