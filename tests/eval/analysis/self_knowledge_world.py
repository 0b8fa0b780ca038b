"""Answers made by hand: replies for the estimators, and stages on disk as the loop writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eval.analysis import EvaluatedStage
from eval.analysis.inputs.answers import CandidateAnswer, StrategyAnswer
from lab.formats.answers import AnswersWriter
from lab.formats.outcomes import schema as outcomes_schema
from lab.language.abstention.reading import ABSTAINED


def reply(problem: object, correct: float, **more: Any) -> StrategyAnswer:
    """A reply to a problem of task `t`; `drafts` are given as (value, correct)."""
    said: dict[str, Any] = {"task": "t", "strategy": "s", "kind": "greedy", "scorer": "", "n": 1}
    said |= {"ceiling": False, "value": "x", "failed": False, "confidence": nan, "probability": True}
    said |= {"abstained": False, "answerable": True, "tokens": 10.0, "flops": 100.0}
    said |= {"cluster": str(problem), "problem": str(problem), "correct": correct} | more
    said["drafts"] = tuple(
        d if isinstance(d, CandidateAnswer) else CandidateAnswer(d[0], float(d[1]), True)
        for d in said.get("drafts", ())
    )
    return StrategyAnswer(**{"curve": said["strategy"]} | said)


def refusal(problem: object, *, right: bool = False, **more: Any) -> StrategyAnswer:
    """An abstention, right where there is no answer."""
    return reply(problem, float(right), abstained=True, value=ABSTAINED, **more)


def row(
    problem: int,
    strategy: str,
    kind: str,
    correct: bool | None,
    *,
    value: str = "1",
    candidates: Sequence[tuple[str | None, bool | None]] = (),
    trace: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A row of answers.parquet."""
    said = {"task": "t", "problem_id": f"t-{problem}", "cluster": f"t-{problem}", "strategy": strategy}
    said |= {"curve": strategy, "kind": kind, "scorer": "", "n": max(1, len(candidates)), "messages": "[]"}
    said |= {"gold": '"1"', "answerable": True, "meta": json.dumps(meta or {}), "text": value, "value": value}
    said |= {"correct": correct, "reason": "", "failed": False, "error": "", "confidence": None}
    said |= {"abstained": value == ABSTAINED, "ceiling": False, "trace": json.dumps(trace or {})}
    said |= {"candidates": [_candidate(v, c) for v, c in candidates], "requests": 1, "prompt_tokens": 10}
    said |= {"cached_tokens": 0, "shared_tokens": 0, "completion_tokens": 20 * max(1, len(candidates))}
    said |= {"flops_logical": 1e9, "flops_shared": 1e9, "flops_engine": 1e9, "seconds": 0.1}
    return said | more


def thread(texts: int) -> dict[str, Any]:
    """A trace with a draft and revisions."""
    return {"rounds": [{"role": "revision" if i else "draft", "text": "x"} for i in range(texts)]}


def outcome(
    problem: int, strategy: str, n: int, accuracy: float, tokens: float, **more: Any
) -> dict[str, Any]:
    """A row of outcomes.parquet; its FLOPs are 1e7 a token."""
    said = {"task": "t", "strategy": strategy, "scorer": "", "n": n, "origin": "derived", "ceiling": False}
    said |= {"problem_id": f"t-{problem}", "cluster": problem, "accuracy": accuracy, "prompt_tokens": 10.0}
    said |= {"cached_tokens": 0.0, "completion_tokens": tokens - 10.0, "flops_logical": tokens * 1e7}
    return said | {"flops_shared": tokens * 1e7, "flops_engine": tokens * 1e7, "seconds": 0.1} | more


def write(
    folder: Path, rows: Sequence[dict[str, Any]], points: Sequence[dict[str, Any]] = ()
) -> EvaluatedStage:
    """A stage with these rows, written as the loop writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    with AnswersWriter(folder) as writer:
        for each in rows:
            writer.add(each)
    pq.write_table(pa.Table.from_pylist(list(points), schema=outcomes_schema()), folder / "outcomes.parquet")
    return EvaluatedStage(folder.name, "fake", folder)


def _candidate(value: str | None, correct: bool | None) -> dict[str, Any]:
    said = {"text": value or "", "value": value, "correct": correct, "score": None, "prompt_tokens": 10}
    return said | {"completion_tokens": 20, "finish_reason": "error" if value == "lost" else "stop"}
