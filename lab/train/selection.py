"""Which rows of a corpus are trained on and which are held out, decided by hashes of their content.

A row's position in the file does not matter, so the choice stays the same when a corpus grows. Nothing here
imports torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from lab.errors import InputError


def held_out(table: Any, fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Row numbers to train on and to hold out. All rows of a problem are on the same side.

    Of P problems, ceil(fraction x P) with the smallest hashes are held out. Raises InputError if there is
    only one problem.
    """
    if not fraction:
        return list(range(table.num_rows)), []
    problems = _problems(table)
    distinct = sorted(set(problems), key=lambda problem: _hash(seed, "dev", problem))
    if len(distinct) < 2:
        raise InputError("dev_fraction needs a corpus of at least two problems", where="dev_fraction")
    away = set(distinct[: math.ceil(fraction * len(distinct))])
    train = [row for row, problem in enumerate(problems) if problem not in away]
    return train, [row for row, problem in enumerate(problems) if problem in away]


def chosen(rows: list[int], table: Any, count: int | None, seed: int) -> list[int]:
    """`count` of these rows, those with the smallest hashes, in the corpus's order; all if there is no count.

    Raises InputError if there are fewer, because a curve over sizes must not have two equal points.
    """
    if count is None:
        return rows
    if count > len(rows):
        message = f"{count} examples are needed, but the corpus has only {len(rows)}"
        raise InputError(message, where="examples")
    contents = table.take(rows).to_pylist()
    keys = [_hash(seed, "examples", json.dumps(row, sort_keys=True)) for row in contents]
    order = sorted(range(len(rows)), key=lambda i: (keys[i], i))
    return [rows[i] for i in sorted(order[:count])]


def _problems(table: Any) -> list[str]:
    """Each row's problem. In a corpus from elsewhere without problem ids, each prompt is one problem."""
    if "problem_id" in table.column_names:
        return [str(problem) for problem in table.column("problem_id").to_pylist()]
    return [json.dumps(prompt) for prompt in table.column("prompt").to_pylist()]


def _hash(*parts: object) -> bytes:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
