"""What a stage's completions cost in all: charged to the strategies, and really executed.

A completion that the bank served is charged to the strategy that asked for it but was not executed for
this stage, so the executed part is what this stage really paid (ledger.parquet, `served_from`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.report.view import LoadedStage
from lab.core.ledger import total

SUMMED = ("prompt_tokens", "completion_tokens", "flops_logical", "flops_shared", "flops_engine", "seconds")


def totals(stages: Sequence[LoadedStage]) -> list[dict[str, Any]]:
    """Two rows per stage with a ledger: `part` "charged" and "executed", requests and the summed columns."""
    rows: list[dict[str, Any]] = []
    for stage in stages:
        path = stage.view.folder / "ledger.parquet"
        if path.is_file():
            charged, executed = _sums(path)
            rows += [
                {"stage": stage.label, "part": "charged", **charged},
                {"stage": stage.label, "part": "executed", **executed},
            ]
    return rows


def _sums(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=[*SUMMED, "served_from"])
    own = table.filter(pc.equal(table["served_from"], "engine"))
    return _sum(table), _sum(own)


def _sum(table: Any) -> dict[str, Any]:
    return {"requests": table.num_rows, **{c: total(table[c]) for c in SUMMED}}
