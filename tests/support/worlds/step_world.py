"""A corpus of solutions in good and bad steps, for process reward models."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

GOOD, BAD = "yes it is.", "no it is not."
SHARE = {GOOD: 0.75, BAD: 0.25}
"""Soft labels: a step's text tells how often it can be finished right."""


def solutions(count: int = 32, step: str = "\n") -> list[dict[str, Any]]:
    """Solutions of one to three good or bad steps."""
    chance, rows = random.Random(1), []
    for i in range(count):
        steps = [chance.choice([GOOD, BAD]) for _ in range(1 + i % 3)]
        rows.append(
            {
                "problem_id": f"p{i}",
                "prompt": [{"role": "user", "content": f"is {i % 10} good?"}],
                "completions": [*(s + step for s in steps[:-1]), steps[-1]],
                "labels": [SHARE[s] for s in steps],
            }
        )
    return rows


def corpus(folder: Path, rows: list[dict[str, Any]]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "data").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "data" / "train-00000.parquet")
    return folder
