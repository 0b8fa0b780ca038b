"""What a tuned model cost before its first answer: generating its data and training on them.

A stage's manifest names the folders it read, so its ancestors are found on disk; each one's ledger says
what was executed for it. Amortised curves spread the sum over queries.
"""

from __future__ import annotations

from pathlib import Path

from lab.run.rundir import manifest_of


def fixed_flops(folder: Path) -> float | None:
    """FLOPs (shared level, executed) of all generate and train stages behind an evaluate stage's own model.

    None for a model that no stage of the run has trained. Data that came from a folder cost nothing here.
    """
    manifest = manifest_of(folder) or {}
    trained = manifest.get("inputs", {}).get(manifest.get("model"))
    if trained is None:
        return None
    return sum(_executed(stage) for stage in _with_ancestors(folder.parent / trained))


def _with_ancestors(folder: Path) -> set[Path]:
    """The stage and every stage it was made from."""
    inputs = (manifest_of(folder) or {}).get("inputs", {})
    found = {folder}
    for name in inputs.values():
        found |= _with_ancestors(folder.parent / name)
    return found


def _executed(folder: Path) -> float:
    """FLOPs of one stage's ledger that were executed for it."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not (folder / "ledger.parquet").is_file():
        return 0.0
    table = pq.read_table(folder / "ledger.parquet", columns=["flops_shared", "served_from"])
    mine = table.filter(pc.equal(table["served_from"], "engine"))
    return float(pc.sum(mine["flops_shared"]).as_py() or 0.0)
