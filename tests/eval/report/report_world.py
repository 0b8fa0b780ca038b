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
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eval.analysis import Analysis, EvaluatedStage
from eval.analysis.self_knowledge.analysis import analyse_self_knowledge
from eval.evaluation.points import PointKey, Points
from eval.report.plots.legend import Legend
from eval.report.section import ReportInputs
from eval.report.view import LoadedStage, StageView
from lab.formats.answers import AnswersWriter
from lab.formats.ledger import COSTS
from lab.formats.outcomes import write_outcomes
from lab.formats.points import COLUMNS
from lab.language.extraction import READERS

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


def draw(rng: random.Random, skill: float, gold: int, n: int = 16) -> list[dict[str, Any]]:
    """The candidates of one problem whose difficulty is its own."""
    p = min(0.95, rng.betavariate(1.1, 1.1 / skill - 1.1))
    wrong = [gold + d for d in (1, -1, 2, 10)]
    pool = []
    for _ in range(n):
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
        "curve": label,
        "kind": kind,
        "scorer": scorer,
        "n": n,
        "messages": json.dumps(
            [{"role": "user", "content": f"What is {gold - 3} + 3? {EVIL if number == 0 else ''}"}]
        ),
        "gold": json.dumps(str(gold)),
        "text": "" if failed else chosen["text"] + (EVIL if number == 0 else ""),
        "value": None if failed else chosen["value"],
        "correct": None if failed else (None if rng.random() < 0.005 else chosen["correct"]),
        "reason": "",
        "failed": failed,
        "error": "Traceback (most recent call last):\n  ...\nValueError: scorer gave NaN" if failed else "",
        "confidence": None,
        "abstained": False,
        "trace": "{}",
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


def named(row: dict[str, Any]) -> Any:
    """A row as an object, as the reader of the file gives it."""
    return json.loads(json.dumps(row), object_hook=lambda found: SimpleNamespace(**found))


def answers(
    skill: float, *, tasks: dict[str, float], problems: int, strategies: Sequence[Any], seed: str
) -> list[dict[str, Any]]:
    rows = []
    for task, base in tasks.items():
        for number in range(problems):
            rng = random.Random(f"{task}{number}{seed}")
            gold = 7 * number + 3
            pool = draw(rng, base * skill, gold, max((s[3] for s in strategies), default=1))
            rows += [answer_row(task, number, s, pool, gold) for s in strategies]
    return rows


def points(
    rows: list[dict[str, Any]], stage: str, model: str, outcomes: Points | None = None
) -> list[dict[str, Any]]:
    tasks = list(dict.fromkeys(r["task"] for r in rows))
    result = []
    for task in tasks + (["all"] if len(tasks) > 1 else []):
        for label in dict.fromkeys(r["strategy"] for r in rows):
            chosen = [r for r in rows if r["strategy"] == label and task in (r["task"], "all")]
            head = {"stage": stage, "model": model, "task": task}
            for full, values, k in series(chosen, head):
                result.append(point(full, values, chosen, k))
                if outcomes is not None and task in tasks:
                    record(outcomes, full, values, chosen, k)
    return result


def series(
    rows: list[dict[str, Any]], head: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], list[float], int]]:
    """(head, one accuracy per row, k) of every point of one strategy; unscored ones are NaN."""
    n, label, scorer = rows[0]["n"], rows[0]["curve"], rows[0]["scorer"]
    if label == "sample":
        single = [sum(bool(c["correct"]) for c in r["candidates"]) / n for r in rows]
        yield {**head, "strategy": "sample", "scorer": "", "origin": "derived"}, single, 1
        for k in (k for k in (1, 2, 4, 8, 16, 32, 64) if k <= n):
            right = [sum(bool(c["correct"]) for c in r["candidates"]) for r in rows]
            values = [1 - math.comb(n - c, k) / math.comb(n, k) for c in right]
            yield {**head, "strategy": "pass@k", "scorer": "oracle", "origin": "derived"}, values, k
        return
    full = [math.nan if r["correct"] is None else float(r["correct"]) for r in rows]
    yield {**head, "strategy": label, "scorer": scorer, "origin": "measured"}, full, n
    k = 1
    while k < n:
        part = []
        for r in rows:
            pool = r["candidates"][:k] or [candidate(None, False, 0.0, "", 1)]
            rng = random.Random(f"{r['problem_id']}{label}")
            part.append(float(bool(choose((label, r["kind"], scorer, k), pool, rng)["correct"])))
        yield {**head, "strategy": label, "scorer": scorer, "origin": "derived"}, part, k
        k *= 2


def point(head: dict[str, Any], values: list[float], rows: list[dict[str, Any]], k: int) -> dict[str, Any]:
    kept = [v for v in values if not math.isnan(v)]
    share, count = k / rows[0]["n"], len(kept)
    mean = sum(kept) / count if count else math.nan
    half = (
        1.96 * math.sqrt(sum((v - mean) ** 2 for v in kept) / max(count - 1, 1) / count)
        if count
        else math.nan
    )
    costs = {c: sum(r[c] for r in rows) / len(rows) * share for c in COSTS}
    low, high = max(0.0, mean - half), min(1.0, mean + half)
    said = {"samples": k, "problems": count, "accuracy": mean, "ci_low": low, "ci_high": high}
    return {**head, **said, **costs, "readers": READERS}


def record(
    outcomes: Points, head: dict[str, Any], values: list[float], rows: list[dict[str, Any]], k: int
) -> None:
    key = PointKey(head["strategy"], head["scorer"], k, head["origin"], head["scorer"] == "oracle")
    for i, (value, row) in enumerate(zip(values, rows, strict=True)):
        costs = tuple(row[c] * k / row["n"] for c in COSTS)
        outcomes.add(head["task"], key, value, i, (*costs, row["seconds"], row["seconds"]))


def write_stage(
    folder: Path, stage: str, model: str, rows: list[dict[str, Any]], *, outcomes: bool = False
) -> StageView:
    """A stage's files, written by the loop's own writers; outcomes.parquet only where it is asked for."""
    folder.mkdir(parents=True)
    with AnswersWriter(folder) as writer:
        for row in rows:
            writer.add(row)
    collected = Points() if outcomes else None
    with (folder / "points.csv").open("w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, COLUMNS)
        table.writeheader()
        table.writerows(
            {k: "" if isinstance(v, float) and math.isnan(v) else v for k, v in p.items()}
            for p in points(rows, stage, model, collected)
        )
    if collected is not None:
        ids: dict[str, list[str]] = {}
        for row in rows:
            if row["problem_id"] not in ids.setdefault(row["task"], []):
                ids[row["task"]].append(row["problem_id"])
        write_outcomes(collected.outcomes(ids), folder)
    return StageView(name=stage, model=model, run="quickstart", folder=folder)


def section_inputs(stages: Sequence[LoadedStage]) -> ReportInputs:
    """What sections about self-knowledge and training are made from; nothing is analysed over curves."""
    known = analyse_self_knowledge([EvaluatedStage(s.label, s.view.model, s.view.folder) for s in stages])
    return ReportInputs(stages, [], Analysis("flops_shared", 0, 0), known, Legend(stages, []))
