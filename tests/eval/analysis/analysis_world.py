"""A finished evaluate stage without a model: known success rates, scores and costs, written as its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eval.analysis import EvaluatedStage
from eval.analysis.sampling.coverage import pass_table
from lab.formats.answers import schema
from lab.formats.outcomes import schema as outcomes_schema

TOKENS = 100


def write_stage(
    folder: Path,
    *,
    name: str = "base",
    problems: int = 60,
    n: int = 16,
    lift: float = 0.0,
    scorers: int = 1,
    tasks: tuple[str, ...] = ("sums",),
    clusters: int | None = None,
    seed: int = 0,
) -> EvaluatedStage:
    """Samples right at a problem's own rate; scorers that know a little; costs n times a sample's."""
    folder.mkdir(parents=True, exist_ok=True)
    points, answers = [], []
    for task in tasks:
        more_points, more_answers = _task(
            np.random.default_rng([seed, len(points)]), task, problems, n, lift, scorers, clusters
        )
        points += more_points
        answers += more_answers
    pq.write_table(pa.Table.from_pylist(points, schema=outcomes_schema()), folder / "outcomes.parquet")
    pq.write_table(pa.Table.from_pylist(answers, schema=schema()), folder / "answers.parquet")
    return EvaluatedStage(name, "fake", folder)


Rows = list[dict[str, object]]


def _task(
    rng: np.random.Generator,
    task: str,
    problems: int,
    n: int,
    lift: float,
    scorers: int,
    clusters: int | None,
) -> tuple[Rows, Rows]:
    points: Rows = []
    answers: Rows = []
    rate = np.clip(np.linspace(0.02, 0.9, problems) + lift, 0, 1)
    right = rng.random((problems, n)) < rate[:, None]
    wrong = rng.integers(1, 6, size=(problems, n))
    value = np.where(right, 0, wrong)
    tokens = TOKENS * (1 + (1 - rate[:, None])) + rng.integers(0, 20, size=(problems, n))
    group = np.arange(problems) % (clusters or problems)
    ids = [f"{task}-{i}" for i in range(problems)]
    mean = right.mean(axis=1)

    def add(strategy: str, scorer: str, k: int, accuracy: np.ndarray, ceiling: bool = False) -> None:
        cost = k * tokens.mean(axis=1)
        for i in range(problems):
            row = {"task": task, "strategy": strategy, "scorer": scorer, "n": k, "origin": "derived"}
            row |= {"ceiling": ceiling, "problem_id": ids[i], "cluster": int(group[i])}
            row |= {"accuracy": float(accuracy[i]), "prompt_tokens": 1.0, "cached_tokens": 0.0}
            row |= {"completion_tokens": cost[i], "flops_logical": cost[i] * 2e9, "seconds": cost[i]}
            points.append(row | {"flops_shared": cost[i] * 1e9, "flops_engine": cost[i] * 1e9})

    add("greedy", "", 1, (rate > 0.5).astype(float))
    oracle = pass_table(right.sum(axis=1), n)
    for k in range(1, n + 1):
        add("pass@k", "oracle", k, oracle[:, k - 1], True)
        add("self_consistency", "", k, mean + (np.round(mean) - mean) * (1 - 1 / k))
        for s in range(scorers):
            add(f"best_of_n[s{s}]", f"s{s}", k, mean + (oracle[:, k - 1] - mean) * 0.3)
    score = right * 1.0 + rng.normal(size=(problems, n))
    for strategy, kind, scorer in [("self_consistency", "self_consistency", "")] + [
        (f"best_of_n[s{s}]", "best_of_n", f"s{s}") for s in range(scorers)
    ]:
        for i in range(problems):
            candidates = [
                {
                    "text": "",
                    "value": str(value[i, j]),
                    "correct": bool(right[i, j]),
                    "score": float(score[i, j]) if scorer else None,
                    "prompt_tokens": 1,
                    "completion_tokens": int(tokens[i, j]),
                    "finish_reason": "stop",
                }
                for j in range(n)
            ]
            row = {"task": task, "problem_id": ids[i], "cluster": str(group[i]), "strategy": strategy}
            row |= {"curve": strategy, "kind": kind, "scorer": scorer, "n": n}
            answers.append(row | {"candidates": candidates})
    return points, answers
