"""What a tuned model cost before its first answer: generating its data and training on them.

A stage's manifest names the folders it read, so its ancestors are found on disk, through every round of
self-training; each one's ledger says what it asked for. Amortised curves spread the sum over queries.

What counts is what it takes to make the model alone: a completion that another stage had drawn before
(another corpus over the same samples, an earlier run) is charged to this model too, once. Looking at a dev
split, and rounds that the model does not descend from, are not charged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from lab.formats.ledger import FILE, SERVED_FROM, plus, read_batches, total
from lab.run.folders.lineage import lineage, model_stage

SAME = ("model", "problem", "role", "tag", "index", "prompt_tokens", "completion_tokens")
"""Rows of two stages that agree in these are one completion, if the bank served the later one."""


def fixed_flops(folder: Path) -> float | None:
    """FLOPs (shared prefixes once) of all generate and train stages behind an evaluate stage's own model.

    None for a model that no stage of the run has trained, or where a part is not known (data drawn by a model
    behind a server). Data that came from a folder cost nothing here.
    """
    trained = model_stage(folder)
    if trained is None:
        return None
    stages = lineage(trained)
    asked = reduce(plus, map(_asked, stages), 0.0)
    return None if asked is None else asked - _drawn_before(stages)


def _asked(folder: Path) -> float | None:
    """FLOPs of everything a stage asked for, whoever served it; None where they are not known."""
    return reduce(plus, (total(batch.column("flops_shared")) for batch in _batches(folder)), 0.0)


def _drawn_before(stages: Sequence[Path]) -> float:
    """FLOPs of completions that the bank served and that an earlier one of these stages asked for too."""
    last = [i for i, stage in enumerate(stages) if any(map(_banked, _batches(stage)))]
    total, earlier = 0.0, Counter[tuple[Any, ...]]()
    for stage in stages[: last[-1] + 1] if last else ():
        own = Counter[tuple[Any, ...]]()
        for batch in _batches(stage):
            for served, flops, *key in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                own[tuple(key)] += 1
                again = served != "engine" and own[tuple(key)] <= earlier[tuple(key)]
                total += flops if again else 0.0
        earlier |= own
    return total


def _banked(batch: Any) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.not_equal(batch.column(SERVED_FROM), "engine")).as_py())


def _batches(folder: Path) -> Iterator[Any]:
    """A stage's ledger, batch by batch: who served a row, its FLOPs, and what it is."""
    if (folder / FILE).is_file():
        yield from read_batches(folder / FILE, [SERVED_FROM, "flops_shared", *SAME])
