"""The total cost of a stage's completions: charged to the strategies, and executed.

A completion from the bank is charged to the strategy that requested it but was not executed for this stage,
so the executed part is the actual cost of this stage (ledger.parquet, `served_from`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.report.view import LoadedStage
from lab.formats import ledger
from lab.formats.ledger import REQUESTS, SUMMED


def totals(stages: Sequence[LoadedStage]) -> list[dict[str, Any]]:
    """Two rows per stage with a ledger: `part` "charged" and "executed", requests and the summed columns."""
    rows: list[dict[str, Any]] = []
    for stage in stages:
        path = stage.view.folder / ledger.FILE
        if path.is_file():
            charged, executed = _sums(path)
            rows += [
                {"stage": stage.label, "part": "charged", **charged},
                {"stage": stage.label, "part": "executed", **executed},
            ]
    return rows


def _sums(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    table = ledger.read_ledger(path, [*SUMMED, ledger.SERVED_FROM])
    return _sum(table), _sum(ledger.executed(table))


def _sum(table: Any) -> dict[str, Any]:
    return {REQUESTS: table.num_rows, **{c: ledger.total(table[c]) for c in SUMMED}}
