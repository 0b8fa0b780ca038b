"""Numbers for people: accuracies with their intervals, FLOPs with a prefix, missing values as a dash."""

from __future__ import annotations

import math

PREFIXES = (
    (1e24, "Y"),
    (1e21, "Z"),
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
)
MISSING = "–"


def missing(value: float | None) -> bool:
    """Whether a value cannot be shown as digits: None, NaN and infinities."""
    return value is None or not math.isfinite(value)


def decimal(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """A fixed number of decimals, a real minus sign, a dash if undefined."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return text.replace("-", "−")


def interval(
    value: float | None, low: float | None, high: float | None, digits: int = 3, *, sign: bool = False
) -> str:
    """`0.31 [0.26, 0.36]`."""
    middle, left, right = (decimal(v, digits, sign=sign) for v in (value, low, high))
    return f"{middle} [{left}, {right}]"


def quantity(value: float | None, unit: str = "") -> str:
    """Three significant digits with an SI prefix: `12.3 GFLOPs`; small values plain: `0.0042 s`."""
    if value is None or not math.isfinite(value):
        return MISSING
    size, prefix = next(((s, p) for s, p in PREFIXES if abs(value) >= s * 0.9995), (1.0, ""))
    return f"{_significant(value / size)} {prefix}{unit}".strip() if unit or prefix else _significant(value)


def _significant(value: float) -> str:
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value)) + 1e-12))
    return f"{value:.{min(digits, 6)}f}"


def probability(p: float | None) -> str:
    """A p-value: three decimals, `< 0.001` below that."""
    if p is None or not math.isfinite(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def counted(samples: float) -> str:
    """`1 sample`, `8 samples`."""
    return f"{samples:,.0f} sample{'' if samples == 1 else 's'}"
