"""The candidates of finished answers as flat arrays, for verifiers, coverage and entropy."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eval.analysis.inputs.outcomes import EvaluatedStage
from lab.formats.answers import read_batches

HEAD = ("task", "curve", "kind", "scorer", "n")
KEY = ("task", "problem_id")
CANDIDATE = ("value", "correct", "score", "completion_tokens")

KINDS = ("sample", "self_consistency", "best_of_n", "weighted_self_consistency")
"""Strategies whose candidates are independent samples of one distribution, with none left out."""


@dataclass(frozen=True, slots=True)
class CandidatePool:
    """One strategy's candidates on one task, flat; `problem` is the number of each one's problem (0..P-1).

    Candidates are in the order of their problems. `correct`: 1, 0; `value`: a code for each answer class,
    comparable only within a problem, -1 unparsed; `score`: NaN without; `tokens`: generated. `ids` are (task,
    problem id), `clusters` codes per problem. Problems with an unscored candidate or without candidates are
    left out; `missing` are the clusters of those that are unscored or failed.
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
    missing: Any = ()

    @property
    def method(self) -> str:
        """Its id in `Analysis.methods`."""
        return f"{self.stage}/{self.strategy}"

    @property
    def independent(self) -> bool:
        """Whether every problem has n independent samples."""
        return self.kind in KINDS and len(self.problem) == self.n * len(self.ids)


def read_pools(stage: EvaluatedStage) -> list[CandidatePool]:
    """The pools of every task and strategy with more than one candidate for some problem."""
    found: dict[tuple[Any, ...], _Parts] = {}
    known: dict[tuple[str, str], tuple[str, str]] = {}
    codes: dict[str, int] = {}
    for batch in read_batches(stage.folder, [*HEAD, "problem_id", "cluster", "failed"], CANDIDATE):
        nested = batch.column("candidates")
        lengths, flat = _lengths(nested), _columns(nested.flatten())
        row = np.repeat(np.arange(len(lengths)), lengths)
        scored = (lengths > 0) & (np.bincount(row, flat["correct"] < 0, len(lengths)) == 0)
        lost = ~scored & ((lengths > 0) | np.array(batch.column("failed").to_pylist(), dtype=bool))
        heads, ids, clusters = (_tuples(batch, columns) for columns in (HEAD, KEY, ("cluster",)))
        for head in dict.fromkeys(heads):
            of = np.array([h == head for h in heads])
            mine, parts = scored & of, found.setdefault(head, _Parts())
            parts.missing += [clusters[i][0] for i in np.flatnonzero(lost & of)]
            for i in np.flatnonzero(mine):
                parts.ids.append(known.setdefault(ids[i], ids[i]))
                parts.cluster.append(codes.setdefault(clusters[i][0], len(codes)))
            parts.lengths.append(lengths[mine])
            parts.columns.append({name: column[mine[row]] for name, column in flat.items()})
    pools = [_pool(stage.name, key, parts, codes) for key, parts in found.items() if parts.ids]
    return [p for p in pools if len(p.problem) > len(p.ids)]


def _tuples(batch: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(batch.column(name).to_pylist() for name in names), strict=True))


def _lengths(nested: Any) -> Any:
    """Candidates of each row, 0 for none at all."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.list_value_length(nested), 0).to_numpy(zero_copy_only=False)


def _columns(flat: Any) -> dict[str, Any]:
    """The candidates' columns as small arrays; `correct` -1 where unscored, `value` -1 where unparsed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def of(name: str) -> Any:
        return pc.struct_field(flat, name)

    value = of("value").dictionary_encode().indices
    return {
        "correct": pc.fill_null(of("correct").cast(pa.int8()), -1).to_numpy(zero_copy_only=False),
        "value": pc.fill_null(value, -1).to_numpy(zero_copy_only=False),
        "score": pc.fill_null(of("score"), np.nan).to_numpy(zero_copy_only=False),
        "tokens": of("completion_tokens").cast(pa.int32()).to_numpy(zero_copy_only=False),
    }


def base_pools(pools: Sequence[CandidatePool]) -> list[CandidatePool]:
    """One pool of independent samples per stage and task: the largest, `sample` before others."""
    best: dict[tuple[str, str], CandidatePool] = {}
    for pool in sorted((p for p in pools if p.independent), key=lambda p: (KINDS.index(p.kind), -p.n)):
        best.setdefault((pool.stage, pool.task), pool)
    return list(best.values())


@dataclass(slots=True)
class _Parts:
    """A pool while its file is read."""

    ids: list[Any] = field(default_factory=list)
    cluster: array[int] = field(default_factory=lambda: array("l"))
    missing: list[str] = field(default_factory=list)
    lengths: list[Any] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)

    def column(self, name: str) -> Any:
        """All of a column."""
        return np.concatenate([part.pop(name) for part in self.columns])


def _pool(stage: str, key: tuple[Any, ...], parts: _Parts, codes: dict[str, int]) -> CandidatePool:
    task, curve, kind, scorer, n = key
    missing = [codes.setdefault(name, len(codes)) for name in parts.missing]
    clusters = _renumbered(np.array([*parts.cluster, *missing]))
    score, lengths = parts.column("score"), np.concatenate(parts.lengths)
    return CandidatePool(
        task=task,
        stage=stage,
        strategy=curve,
        kind=kind,
        scorer=scorer,
        n=n,
        ids=tuple(parts.ids),
        clusters=clusters[: len(parts.ids)],
        problem=np.repeat(np.arange(len(parts.ids), dtype=np.int32), lengths),
        correct=parts.column("correct"),
        value=parts.column("value"),
        score=score if np.isfinite(score).any() else np.broadcast_to(np.nan, len(score)),
        tokens=parts.column("tokens"),
        missing=clusters[len(parts.ids) :],
    )


def _renumbered(codes: Any) -> Any:
    """The same clusters as 0..G-1 in order of appearance."""
    _, first, code = np.unique(codes, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[code]
