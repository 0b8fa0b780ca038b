"""Tables of answers whose FLOPs are not known: a dash, and tokens as the cost."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from lab.run.history.compare import ComparisonRow
from lab.run.history.comparison_tables import tables
from lab.run.history.overview_tables import print_overview

ROW = ComparisonRow(
    task="all",
    a="one",
    b="one",
    strategy_a="greedy",
    strategy_b="self_consistency",
    problems=50,
    accuracy_a=0.5,
    accuracy_b=0.6,
    difference=0.1,
    ci_low=0.0,
    ci_high=0.2,
    p=0.05,
    p_holm=0.05,
    completion_tokens_a=100.0,
    completion_tokens_b=250.0,
    flops_shared_a=1e9,
    flops_shared_b=3e9,
    seconds_a=None,
    seconds_b=None,
    readers_a="2",
    readers_b="2",
)


def printed(parts: Iterable[Any]) -> str:
    console = Console(width=80, file=io.StringIO(), record=True)
    for part in parts:
        console.print(part)
    return " ".join(console.export_text().split())


@pytest.mark.parametrize(
    "unknown", [{"flops_shared_a": None, "flops_shared_b": None}, {"flops_shared_a": None}]
)
def test_a_comparison_shows_tokens(unknown: dict[str, None]) -> None:
    known, text = printed(tables([ROW])), printed(tables([replace(ROW, **unknown)]))
    assert ("FLOPs B" in known, "3.00 G" in known, "3x" in known) == (True, True, True)
    assert ("tokens B" in text, "250" in text, "2.5x" in text) == (True, True, True)
    assert "generated tokens per problem" in text


def test_a_run_shows_a_dash() -> None:
    point = {"stage": "all", "task": "gcd", "strategy": "greedy", "samples": "1", "accuracy": "0.5"}
    point |= {"ci_low": "0.4", "ci_high": "0.6", "prompt_tokens": "10", "completion_tokens": "5"}
    out = io.StringIO()
    rows = [{**point, "flops_shared": ""}]
    print_overview(
        {"run": "r", "stages": [], "points": rows, "corpora": [], "problems": [], "warnings": []},
        Console(file=out, width=120),
    )
    assert "nan" not in out.getvalue()
    assert "–" in out.getvalue()
