"""Which problems are shown, and what is shown of them.

A bounded, deterministic choice: every problem falls into the first group that fits (fixed by training,
broken by training, a right answer in the pool but a wrong one chosen, failed or unparsed, always right,
mixed, always wrong); groups take turns, and within a group the order is that of a hash of the problem id,
so the choice does not depend on the scores beyond the group. Texts are read only for the chosen problems.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from eval.report.style import named
from eval.report.view import AnswerRow, Stage, rows_of

GROUPS = {
    "fixed": "fixed by training",
    "broken": "broken by training",
    "missed": "right answer in the pool, wrong one chosen",
    "failed": "failed or unparsed",
    "mixed": "right for some strategies",
    "right": "always right",
    "wrong": "always wrong",
}
PER_TASK = 40
TOTAL = 400
TEXT_LIMIT = 4000
TEXT_BUDGET = 6_000_000
POOL_SHOWN = 6

Key = tuple[str, str]


def choose(stages: Sequence[Stage]) -> dict[Key, str]:
    """(task, problem id) -> group, of the problems to show: at most `PER_TASK` of a task, `TOTAL` in all."""
    rows: dict[Key, list[tuple[int, AnswerRow]]] = {}
    for stage in stages:
        for answer in stage.answers:
            rows.setdefault(answer.key, []).append((stage.index, answer))
    tasks: dict[str, dict[str, list[Key]]] = {}
    for key, answers in rows.items():
        tasks.setdefault(key[0], {}).setdefault(group_of(answers, len(stages)), []).append(key)
    share = max(1, min(PER_TASK, TOTAL // max(1, len(tasks))))
    return {key: group for groups in tasks.values() for key, group in _take_turns(groups, share)}


def group_of(answers: Sequence[tuple[int, AnswerRow]], stages: int) -> str:
    """The group of one problem from its (stage index, answer) rows; ceilings do not count."""
    real = [(stage, a) for stage, a in answers if not a.ceiling]
    first, last = _reference(real, 0), _reference(real, stages - 1)
    if stages > 1 and first and last and {first.correct, last.correct} == {True, False}:
        return "fixed" if last.correct else "broken"
    if any(a.pool_right and a.correct is False and not a.failed for _, a in real):
        return "missed"
    if any(a.failed or a.value is None for _, a in real):
        return "failed"
    marks = {a.correct for _, a in real}
    return "right" if marks == {True} else "mixed" if True in marks else "wrong"


def _reference(answers: Sequence[tuple[int, AnswerRow]], stage: int) -> AnswerRow | None:
    """The greedy answer of a stage, else its first."""
    mine = [a for s, a in answers if s == stage]
    return next((a for a in mine if a.kind == "greedy"), mine[0] if mine else None)


def _take_turns(groups: dict[str, list[Key]], limit: int) -> list[tuple[Key, str]]:
    queues = {g: sorted(groups[g], key=_hash) for g in GROUPS if g in groups}
    taken: list[tuple[Key, str]] = []
    while queues and len(taken) < limit:
        for group in list(queues):
            if len(taken) < limit:
                taken.append((queues[group].pop(0), group))
            if not queues[group]:
                del queues[group]
    order = list(GROUPS)
    return sorted(taken, key=lambda item: (order.index(item[1]), _hash(item[0])))


def _hash(key: Key) -> str:
    return hashlib.sha256("\0".join(key).encode("utf-8", "replace")).hexdigest()


def browse(stages: Sequence[Stage]) -> dict[str, Any]:
    """What the page's example browser shows, as JSON data: problems, distinct texts, counts."""
    chosen = choose(stages)
    problems: dict[Key, dict[str, Any]] = {}
    texts: dict[str, int] = {}
    room = [TEXT_BUDGET]
    for stage in stages:
        for row in rows_of(stage.view.folder / "answers.parquet") if chosen else ():
            key = (row["task"], row["problem_id"])
            if key in chosen:
                shown = problems.setdefault(key, _problem(row, chosen[key]))
                shown["answers"].append(_answer(row, stage.index, texts, room))
    total = Counter(task for task, _ in {a.key for s in stages for a in s.answers})
    return {
        "groups": GROUPS,
        "problems": [problems[key] for key in chosen if key in problems],
        "texts": list(texts),
        "totals": dict(total),
    }


def _problem(row: dict[str, Any], group: str) -> dict[str, Any]:
    messages = [
        {k: clip(str(m.get(k, ""))) for k in ("role", "content")} for m in json.loads(row["messages"])
    ]
    gold = clip(_gold(row["gold"]))
    return {
        "task": row["task"],
        "id": row["problem_id"],
        "group": group,
        "messages": messages,
        "gold": gold,
        "answers": [],
    }


def _gold(text: str) -> str:
    value = json.loads(text)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _answer(row: dict[str, Any], stage: int, texts: dict[str, int], room: list[int]) -> dict[str, Any]:
    text = clip(row["text"] or "")
    if text not in texts:
        room[0] -= len(text)
        text = text if room[0] > 0 else clip(text, 80)
    pool = Counter((c["value"], c["correct"]) for c in row["candidates"] or [])
    return {
        "stage": stage,
        "strategy": row["strategy"],
        "label": named(row["strategy"], "" if row["ceiling"] else row["scorer"]),
        "ceiling": row["ceiling"],
        "value": None if row["value"] is None else clip(row["value"], 200),
        "correct": row["correct"],
        "failed": row["failed"],
        "abstained": row["abstained"],
        "confidence": row["confidence"],
        "error": clip(row["error"] or ""),
        "text": texts.setdefault(text, len(texts)),
        "tokens": row["completion_tokens"],
        "pool": [
            {"value": None if v is None else clip(v, 60), "correct": ok, "count": count}
            for (v, ok), count in pool.most_common(POOL_SHOWN)
        ],
        "classes": len(pool),
        "candidates": sum(pool.values()),
    }


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text, cut at `limit` characters with a note that says how many are left out."""
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit:,} more characters)"
