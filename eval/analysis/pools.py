"""The candidates of finished answers as flat arrays: what verifiers, coverage and entropy are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.tables import ANSWERS, Stage, read_columns

KINDS = ("sample", "self_consistency", "best_of_n", "weighted_self_consistency")
"""Strategies whose candidates are independent samples of one distribution, all of them drawn."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One strategy's candidates on one task, flat; `problem` says whose each is (0..P-1).

    `correct`: 1, 0; `value`: answer class codes, -1 unparsed; `score`: NaN without; `tokens`: generated.
    `ids` are (task, problem id), `clusters` codes per problem. Problems with an unscored candidate or
    none at all are not in it.
    """

    task: str
    stage: str
    strategy: str
    kind: str
    scorer: str
    n: int
    ids: tuple[tuple[str, str], ...]
    clusters: Any
    problem: Any
    correct: Any
    value: Any
    score: Any
    tokens: Any

    @property
    def method(self) -> str:
        """Its id in `Analysis.methods`."""
        return f"{self.stage}/{self.strategy}"

    @property
    def independent(self) -> bool:
        """Whether every problem has n independent samples."""
        return self.kind in KINDS and len(self.problem) == self.n * len(self.ids)


def read_pools(stage: Stage) -> list[Pool]:
    """The pools of every task and strategy with more than one candidate for some problem."""
    names = ["task", "curve", "kind", "scorer", "n", "problem_id", "cluster", "candidates"]
    found: dict[tuple[Any, ...], list[tuple[str, str, Any]]] = {}
    for task, curve, kind, scorer, n, problem, cluster, candidates in zip(
        *read_columns(stage.folder / ANSWERS, names), strict=True
    ):
        if candidates and all(c["correct"] is not None for c in candidates):
            found.setdefault((task, curve, kind, scorer, n), []).append((problem, cluster, candidates))
    pools = [_pool(stage.name, key, rows) for key, rows in found.items()]
    return [p for p in pools if len(p.problem) > len(p.ids)]


def base_pools(pools: Sequence[Pool]) -> list[Pool]:
    """One pool of independent samples per stage and task: the largest, `sample` before others."""
    best: dict[tuple[str, str], Pool] = {}
    for pool in sorted((p for p in pools if p.independent), key=lambda p: (KINDS.index(p.kind), -p.n)):
        best.setdefault((pool.stage, pool.task), pool)
    return list(best.values())


def _pool(stage: str, key: tuple[Any, ...], rows: Sequence[tuple[str, str, Any]]) -> Pool:
    import numpy as np

    task, curve, kind, scorer, n = key
    names: dict[str, int] = {}
    clusters = np.array([names.setdefault(cluster, len(names)) for _, cluster, _ in rows])
    flat = [(i, c) for i, (_, _, candidates) in enumerate(rows) for c in candidates]
    classes: dict[str, int] = {}
    values = [-1 if c["value"] is None else classes.setdefault(c["value"], len(classes)) for _, c in flat]
    return Pool(
        task=task,
        stage=stage,
        strategy=curve,
        kind=kind,
        scorer=scorer,
        n=n,
        ids=tuple((task, problem) for problem, _, _ in rows),
        clusters=clusters,
        problem=np.array([i for i, _ in flat]),
        correct=np.array([float(c["correct"]) for _, c in flat]),
        value=np.array(values),
        score=np.array([np.nan if c["score"] is None else c["score"] for _, c in flat], dtype=float),
        tokens=np.array([c["completion_tokens"] for _, c in flat], dtype=float),
    )
