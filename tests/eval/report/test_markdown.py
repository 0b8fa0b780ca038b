"""results.md: what the last column says, by hand."""

from __future__ import annotations

from typing import Any

from eval.report.markdown import _cheaper
from eval.report.view import PointRow


def point(n: float) -> PointRow:
    return PointRow(0, {}, {"samples": n})


def ratio(**changes: Any) -> dict[str, Any]:
    base = {"n": 8, "cost": 30.0, "reference_cost": 10.0, "low": 0.25, "high": 0.5, "at_most": False}
    return base | changes


def test_the_ratio_is_turned_round_with_its_interval() -> None:
    assert _cheaper(ratio(), point(8)) == "3.00 [2.00, 4.00]"
    assert _cheaper(ratio(), point(32)) == "3.00 [2.00, 4.00] at 8 samples"


def test_what_is_open_stays_open() -> None:
    assert _cheaper(ratio(low=None), point(8)) == "3.00 [2.00, open]"
    assert _cheaper(ratio(high=None), point(8)) == "3.00 [0, 4.00]"
    assert _cheaper(ratio(at_most=True), point(8)) == "at most 3.00 [2.00, 4.00]"
    assert _cheaper(ratio(cost=None), point(8)) == "not reached"
