"""The cost of a corpus: its ledger summed, in total and per kept example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.formats.ledger import COSTS, REQUESTS, SERVED_FROM, executed, plus, read_batches, total

ERRORS, FINISH_REASON = "errors", "finish_reason"


def cost_of(ledger: Path, kept: int) -> dict[str, Any]:
    """Totals of a finished ledger, and per kept example.

    "logical" charges every requested completion, "executed" only those that the engine generated for this
    stage (the others came from the bank). FLOPs are at the three cache levels of the ledger, None if unknown.
    Memory: one batch of rows.
    """
    logical, drawn = (dict[str, Any].fromkeys([REQUESTS, ERRORS, *COSTS], 0) for _ in range(2))
    for batch in read_batches(ledger, [*COSTS, SERVED_FROM, FINISH_REASON]):
        _add(logical, batch)
        _add(drawn, executed(batch))
    both = {"logical": logical, "executed": drawn}
    per_kept = {
        level: {name: totals[name] / kept if kept and totals[name] is not None else None for name in COSTS}
        for level, totals in both.items()
    }
    return {**both, "per_kept_example": per_kept}


def _add(totals: dict[str, Any], rows: Any) -> None:
    import pyarrow.compute as pc

    totals[REQUESTS] += rows.num_rows
    totals[ERRORS] += pc.sum(pc.equal(rows.column(FINISH_REASON), "error")).as_py() or 0
    for name in COSTS:
        totals[name] = plus(totals[name], total(rows.column(name)))
