"""results.md: what the last column says, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eval.analysis.compute.ratios import Ratio
from eval.report.markdown import _cheaper
from eval.report.view import PointRow


def point(n: float) -> PointRow:
    return PointRow(0, {}, {"samples": n})


RATIO = Ratio("all", "s/a", "s/b", "best", 8, 0.5, 30.0, 10.0, 3.0, 0.25, 0.5, 0.0, 0.0, False, False)


def ratio(**changes: Any) -> Ratio:
    return replace(RATIO, **changes)


def test_the_ratio_is_turned_round_with_its_interval() -> None:
    assert _cheaper(ratio(), point(8)) == "3.00 [2.00, 4.00]"
    assert _cheaper(ratio(), point(32)) == "3.00 [2.00, 4.00] at 8 samples"


def test_what_is_open_stays_open() -> None:
    assert _cheaper(ratio(low=None), point(8)) == "3.00 [2.00, open]"
    assert _cheaper(ratio(high=None), point(8)) == "3.00 [0, 4.00]"
    assert _cheaper(ratio(at_most=True), point(8)) == "at most 3.00 [2.00, 4.00]"
    assert _cheaper(ratio(cost=None), point(8)) == "not reached"
