"""What a corpus cost: its ledger summed, in all and per kept example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.core.ledger import plus, total

SUMMED = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "flops_logical",
    "flops_shared",
    "flops_engine",
    "seconds",
)


def cost_of(ledger: Path, kept: int) -> dict[str, Any]:
    """Totals of a finished ledger and per kept example.

    "logical" charges every completion asked for, "executed" only those the engine drew for this stage (the
    rest came from the bank). FLOPs at the three cache levels of the ledger, None where they are not
    known. Memory: one batch of rows.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    logical, executed = (dict[str, Any].fromkeys(["requests", "errors", *SUMMED], 0) for _ in range(2))
    with pq.ParquetFile(ledger) as file:
        for batch in file.iter_batches(columns=[*SUMMED, "served_from", "finish_reason"]):
            _add(logical, batch)
            _add(executed, batch.filter(pc.equal(batch.column("served_from"), "engine")))
    both = {"logical": logical, "executed": executed}
    per_kept = {
        level: {name: totals[name] / kept if kept and totals[name] is not None else None for name in SUMMED}
        for level, totals in both.items()
    }
    return {**both, "per_kept_example": per_kept}


def _add(totals: dict[str, Any], rows: Any) -> None:
    import pyarrow.compute as pc

    totals["requests"] += rows.num_rows
    totals["errors"] += pc.sum(pc.equal(rows.column("finish_reason"), "error")).as_py() or 0
    for name in SUMMED:
        totals[name] = plus(totals[name], total(rows.column(name)))
