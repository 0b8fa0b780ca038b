"""A synthetic evaluation with the contract's files: two models, six strategies, pools of 16, three tasks.

The candidates are drawn once per problem and shared by the strategies, as the bank does, so that the
report meets realistic ties, missed selections, failures and unparsed answers.
"""

from __future__ import annotations

import csv
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.report.view import COLUMNS, StageView

TASKS = {"chain_sum": 0.09, "gcd": 0.2, "letter_counting": 0.16}
STRATEGIES = [
    ("greedy", "greedy", "", 1),
    ("sample", "sample", "", 16),
    ("self_consistency", "self_consistency", "", 16),
    ("best_of_n", "best_of_n", "mean_logprob", 16),
    ("best_of_n p_true", "best_of_n", "p_true", 16),
    ("oracle best_of_n", "best_of_n", "oracle", 16),
]
EVIL = (
    '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
    "\u2028\u2029\x1b[31m\x00 $x^2$ &amp;"
)


def candidate(
    value: str | None, correct: bool | None, score: float | None, text: str, tokens: int
) -> dict[str, Any]:
    return {
        "text": text,
        "value": value,
        "correct": correct,
        "score": score,
        "prompt_tokens": 60,
        "completion_tokens": tokens,
        "finish_reason": "length" if tokens >= 63 else "stop",
    }


def draw(rng: random.Random, skill: float, gold: int) -> list[dict[str, Any]]:
    """16 candidates of one problem whose difficulty is its own."""
    p = min(0.95, rng.betavariate(1.1, 1.1 / skill - 1.1))
    wrong = [gold + d for d in (1, -1, 2, 10)]
    pool = []
    for _ in range(16):
        right, parsed = rng.random() < p, rng.random() > 0.06
        value = str(gold if right else rng.choice(wrong)) if parsed else None
        correct = right and parsed
        text = f"Let me work it out step by step.\nThe answer is {value}." if parsed else "I am not sure what"
        pool.append(candidate(value, correct, rng.gauss(0.6 * correct, 0.5), text, rng.randint(20, 64)))
    return pool


def choose(
    strategy: tuple[str, str, str, int], pool: list[dict[str, Any]], rng: random.Random
) -> dict[str, Any]:
    _, kind, scorer, _ = strategy
    if kind in {"greedy", "sample"}:
        return pool[0]
    if kind == "self_consistency":
        votes = Counter(c["value"] for c in pool if c["value"] is not None)
        best = votes.most_common(1)[0][0] if votes else None
        return next((c for c in pool if c["value"] == best), pool[0])
    if scorer == "oracle":
        return max(pool, key=lambda c: bool(c["correct"]))
    noise = 0.2 if scorer == "mean_logprob" else 0.8
    return max(pool, key=lambda c: c["score"] + rng.gauss(0, noise))


def answer_row(
    task: str, number: int, strategy: tuple[str, str, str, int], pool: list[Any], gold: int
) -> dict[str, Any]:
    rng = random.Random(f"{task}{number}{strategy}")
    label, kind, scorer, n = strategy
    used = pool[:n]
    chosen = choose(strategy, used, rng)
    failed = rng.random() < 0.01
    tokens = sum(c["completion_tokens"] for c in used)
    return {
        "task": task,
        "problem_id": f"{task}-{number:03d}",
        "cluster": f"{task}-{number:03d}",
        "strategy": label,
        "kind": kind,
        "scorer": scorer,
        "n": n,
        "messages": json.dumps(
            [{"role": "user", "content": f"What is {gold - 3} + 3? {EVIL if number == 0 else ''}"}]
        ),
        "gold": json.dumps(str(gold)),
        "text": "" if failed else chosen["text"] + (EVIL if number == 0 else ""),
        "value": None if failed else chosen["value"],
        "correct": False if failed else (None if rng.random() < 0.005 else chosen["correct"]),
        "reason": "",
        "failed": failed,
        "error": "Traceback (most recent call last):\n  ...\nValueError: scorer gave NaN" if failed else "",
        "confidence": None,
        "abstained": False,
        "ceiling": scorer == "oracle",
        "candidates": [] if failed else used,
        "requests": n,
        "prompt_tokens": 60 * n,
        "cached_tokens": 32 * (n - 1),
        "shared_tokens": 60 * (n - 1),
        "completion_tokens": tokens,
        "flops_logical": 2.1e8 * (60 * n + tokens),
        "flops_shared": 2.1e8 * (60 + tokens),
        "flops_engine": 2.1e8 * (60 * n - 32 * (n - 1) + tokens),
        "seconds": 0.002 * tokens,
    }


def answers(
    skill: float, *, tasks: dict[str, float], problems: int, strategies: Sequence[Any], seed: str
) -> list[dict[str, Any]]:
    rows = []
    for task, base in tasks.items():
        for number in range(problems):
            rng = random.Random(f"{task}{number}{seed}")
            gold = 7 * number + 3
            pool = draw(rng, base * skill, gold)
            rows += [answer_row(task, number, s, pool, gold) for s in strategies]
    return rows


COSTS = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "flops_logical",
    "flops_shared",
    "flops_engine",
    "seconds",
)


def points(rows: list[dict[str, Any]], stage: str, model: str) -> list[dict[str, Any]]:
    tasks = list(dict.fromkeys(r["task"] for r in rows))
    result = []
    for task in tasks + (["all"] if len(tasks) > 1 else []):
        for label in dict.fromkeys(r["strategy"] for r in rows):
            chosen = [r for r in rows if r["strategy"] == label and task in (r["task"], "all")]
            result += series(chosen, {"stage": stage, "model": model, "task": task})
    return result


def series(rows: list[dict[str, Any]], head: dict[str, Any]) -> list[dict[str, Any]]:
    n, label, scorer = rows[0]["n"], rows[0]["strategy"], rows[0]["scorer"]
    full = [float(bool(r["correct"])) for r in rows if r["correct"] is not None]
    if label == "sample":
        head = {**head, "strategy": "pass@k", "scorer": "oracle", "origin": "derived"}
        curve = [
            (k, [any(c["correct"] for c in r["candidates"][:k]) for r in rows]) for k in (1, 2, 4, 8, 16)
        ]
        single = [sum(bool(c["correct"]) for c in r["candidates"]) / 16 for r in rows]
        first = point({**head, "strategy": "sample", "scorer": ""}, single, rows, 1)
        return [first] + [point(head, [float(v) for v in values], rows, k) for k, values in curve]
    measured = point({**head, "strategy": label, "scorer": scorer, "origin": "measured"}, full, rows, n)
    derived = []
    k = 1
    while k < n:
        part = []
        for r in rows:
            pool = r["candidates"][:k] or [candidate(None, False, 0.0, "", 1)]
            rng = random.Random(f"{r['problem_id']}{label}")
            part.append(float(bool(choose((label, r["kind"], scorer, k), pool, rng)["correct"])))
        derived.append(
            point({**head, "strategy": label, "scorer": scorer, "origin": "derived"}, part, rows, k)
        )
        k *= 2
    return [measured, *derived]


def point(head: dict[str, Any], values: list[float], rows: list[dict[str, Any]], k: int) -> dict[str, Any]:
    share, count = k / rows[0]["n"], len(values)
    mean = sum(values) / count if count else math.nan
    half = (
        1.96 * math.sqrt(sum((v - mean) ** 2 for v in values) / max(count - 1, 1) / count)
        if count
        else math.nan
    )
    costs = {c: sum(r[c] for r in rows) / len(rows) * share for c in COSTS}
    low, high = max(0.0, mean - half), min(1.0, mean + half)
    return {**head, "n": k, "problems": count, "accuracy": mean, "ci_low": low, "ci_high": high, **costs}


def write_stage(folder: Path, stage: str, model: str, rows: list[dict[str, Any]]) -> StageView:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema()), folder / "answers.parquet")
    with (folder / "points.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(
            {k: "" if isinstance(v, float) and math.isnan(v) else v for k, v in p.items()}
            for p in points(rows, stage, model)
        )
    return StageView(name=stage, model=model, run="quickstart", folder=folder)


def schema() -> Any:
    import pyarrow as pa

    cand = [(n, pa.string()) for n in ("text", "value")] + [("correct", pa.bool_()), ("score", pa.float64())]
    cand += [("prompt_tokens", pa.int64()), ("completion_tokens", pa.int64()), ("finish_reason", pa.string())]
    kinds = dict.fromkeys(
        ("n", "requests", "prompt_tokens", "cached_tokens", "shared_tokens", "completion_tokens"), pa.int64()
    )
    kinds |= dict.fromkeys(("correct", "failed", "abstained", "ceiling"), pa.bool_())
    kinds |= dict.fromkeys(
        ("confidence", "flops_logical", "flops_shared", "flops_engine", "seconds"), pa.float64()
    )
    kinds["candidates"] = pa.list_(pa.struct(cand))
    names = list(answer_row("t", 1, STRATEGIES[0], draw(random.Random(0), 0.1, 3), 3))
    return pa.schema([(n, kinds.get(n, pa.string())) for n in names])


@pytest.fixture
def make_stages(tmp_path: Path) -> Callable[..., list[StageView]]:
    """A function that writes stages and returns their views."""

    def make(
        skills: dict[str, float] | None = None,
        tasks: dict[str, float] | None = None,
        problems: int = 12,
        strategies: Sequence[Any] = STRATEGIES,
        change: Callable[[dict[str, Any]], None] = lambda row: None,
    ) -> list[StageView]:
        views = []
        for name, skill in ({"before": 1.0, "after": 2.6} if skills is None else skills).items():
            rows = answers(
                skill,
                tasks=TASKS if tasks is None else tasks,
                problems=problems,
                strategies=strategies,
                seed=name,
            )
            for row in rows:
                change(row)
            model = "smollm2-135m" if name == "before" else "tuned"
            views.append(write_stage(tmp_path / name, name, model, rows))
        return views

    return make
