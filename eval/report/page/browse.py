"""What the page's browser of problems holds: every sample of every problem, small enough for one file.

Strategies that share a pool share its samples: a problem keeps each distinct sample once, and an answer names
its samples by number, with the scores that its own scorer gave them. Problems lie in shards of `SHARD`,
each compressed and decoded only when it is looked at; a light index, which the filters and the search
read, says of every answer whether it is right. Control characters are made visible before they get here.

The page stays one file of a bearable size however large the evaluation is: at most `groups.TOTAL` problems
are shown, fewer where each has very many samples, and once `TEXT_BUDGET` is spent texts are cut short.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.report.page.clipping import SHORT, TEXT_BUDGET, TEXT_LIMIT, Room, clip, shown
from eval.report.page.groups import GROUPS, TOTAL, GroupKey, choose
from eval.report.plots.style import named
from eval.report.view import LoadedStage
from lab.formats.answers import LONG_BATCH, read_answers

SHARD = 50
MESSAGES = 40
"""Maximum number of messages of a prompt."""
SAMPLES = 400_000
"""Maximum number of samples of all problems together, counted once for each strategy that has them."""
NAME = 300
"""Maximum number of characters of a task's or a problem's name."""
PREVIEW = 600


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What is read of a candidate."""

    text: str
    value: str | None
    correct: bool | None
    score: float | None
    completion_tokens: int
    finish_reason: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is read of an answer."""

    task: str
    problem_id: str
    strategy: str
    messages: str
    gold: str
    text: str
    value: str | None
    correct: bool | None
    reason: str
    failed: bool
    error: str
    confidence: float | None
    abstained: bool
    trace: str
    candidates: list[_Candidate]
    completion_tokens: int
    flops_shared: float | None


@dataclass(slots=True)
class BrowserProblem:
    """One problem of the browser; `samples` maps a distinct sample to its number."""

    task: str
    id: str
    group: str
    messages: list[dict[str, str]]
    gold: str
    samples: dict[tuple[Any, ...], int] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Browser:
    """`head`: plain JSON data; `index` and `shards`: zlib-compressed JSON in base64."""

    head: dict[str, Any]
    index: str
    shards: list[str]


def browse(stages: Sequence[LoadedStage]) -> Browser:
    """The browser over all stages: problems in file order, answers by series (stage, strategy label)."""
    chosen = choose(stages, _most(stages))
    series = _series(stages)
    problems: dict[GroupKey, BrowserProblem] = {}
    room = Room(TEXT_BUDGET)
    for stage in stages:
        for row in read_answers(stage.view.folder, _Answer, keys=chosen, rows=LONG_BATCH):
            key = (row.task, row.problem_id)
            if key not in problems:
                problems[key] = _problem(row, chosen[key], room)
            shown = problems[key]
            shown.answers.append(_answer(row, series[stage.index, row.strategy], shown, room))
    found = list(problems.values())
    shards = [_packed([_full(p) for p in found[i : i + SHARD]]) for i in range(0, len(found), SHARD)]
    total = Counter(task for task, _ in dict.fromkeys(a.key for s in stages for a in s.answers))
    head = {"groups": GROUPS, "series": _described(stages), "shard": SHARD, "totals": dict(total)}
    head |= {"problems": len(found), "preview": PREVIEW}
    head |= {"moves": any(a["move"] for p in found for a in p.answers)}
    return Browser(head, _packed([_line(p, len(series)) for p in found]), shards)


def _most(stages: Sequence[LoadedStage]) -> int:
    """The number of problems for which the page has room: fewer than `TOTAL` if each has very many
    samples.
    """
    problems = len({a.key for s in stages for a in s.answers})
    samples = sum(1 + a.candidates for s in stages for a in s.answers)
    return min(TOTAL, SAMPLES * problems // samples) if samples else 0


def _series(stages: Sequence[LoadedStage]) -> dict[tuple[int, str], int]:
    pairs = dict.fromkeys((s.index, a.strategy) for s in stages for a in s.answers)
    return {pair: i for i, pair in enumerate(pairs)}


def _described(stages: Sequence[LoadedStage]) -> list[dict[str, Any]]:
    firsts = {(s.index, a.strategy): a for s in stages for a in reversed(s.answers)}
    return [
        {
            "stage": index,
            "label": shown(named(label, "" if firsts[index, label].ceiling else firsts[index, label].scorer)),
            "ceiling": firsts[index, label].ceiling,
            "kind": shown(firsts[index, label].kind),
            "scorer": shown(firsts[index, label].scorer),
        }
        for index, label in _series(stages)
    ]


def _problem(row: _Answer, group: str, room: Room) -> BrowserProblem:
    said = json.loads(row.messages)
    messages = [{k: room.clip(str(m.get(k, ""))) for k in ("role", "content")} for m in said[:MESSAGES]]
    if len(said) > MESSAGES:
        messages.append({"role": "…", "content": f"{len(said) - MESSAGES:,} more messages"})
    names = (clip(row.task, NAME), clip(row.problem_id, NAME))
    return BrowserProblem(*names, group, messages, room.clip(_gold(row.gold)))


def _gold(text: str) -> str:
    value = json.loads(text)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _answer(row: _Answer, series: int, problem: BrowserProblem, room: Room) -> dict[str, Any]:
    pool = row.candidates
    numbers = [_sample(problem, c, room) for c in pool]
    same = [i for i, c in enumerate(pool) if c.text == row.text]
    scores = [c.score for c in pool]
    return {
        "series": series,
        "mark": mark(row),
        "move": move(row),
        "value": None if row.value is None else room.clip(row.value, 200),
        "reason": room.clip(row.reason or "", 400),
        "abstained": row.abstained,
        "confidence": row.confidence,
        "error": room.clip(row.error or ""),
        "text": None if same else room.clip(row.text or ""),
        "chosen": same[0] if same else None,
        "pool": numbers,
        "scores": [_short(s) for s in scores] if any(s is not None for s in scores) else None,
        "tokens": row.completion_tokens,
        "flops": _short(row.flops_shared),
        "trace": "" if row.trace in (None, "{}") else room.clip(row.trace, 1500),
    }


def mark(row: _Answer) -> str:
    """One letter: f(ailed), u(nscored), r(ight), m(issed: wrong, with a right candidate there) or w(rong)."""
    if row.failed:
        return "f"
    if row.correct is None:
        return "u"
    if row.correct:
        return "r"
    return "m" if any(c.correct for c in row.candidates) else "w"


def move(row: _Answer) -> str:
    """What a correction did: c(orrected) a wrong first answer, x: corrupted a right one, else ""."""
    trace = row.trace or ""
    first = next((c for c in row.candidates if c.finish_reason in ("stop", "length")), None)
    if first is None or '"rounds"' not in trace or None in (row.correct, first.correct):
        return ""
    said = json.loads(trace).get("rounds")
    roles = {r.get("role") for r in said if isinstance(r, dict)} if isinstance(said, list) else set()
    if not roles & {"draft", "revision"}:
        return ""
    return {(False, True): "c", (True, False): "x"}.get((bool(first.correct), bool(row.correct)), "")


def _sample(problem: BrowserProblem, candidate: _Candidate, room: Room) -> int:
    """The sample's number in its problem; a sample that several strategies have takes room once."""
    text = clip(candidate.text, TEXT_LIMIT if room.left > 0 else SHORT)
    key = (text, candidate.value, candidate.correct, candidate.completion_tokens, candidate.finish_reason)
    if key not in problem.samples:
        room.left -= len(text)
    return problem.samples.setdefault(key, len(problem.samples))


def _full(problem: BrowserProblem) -> dict[str, Any]:
    samples = [
        [text, None if value is None else clip(value, 200), correct, tokens, clip(reason, NAME)]
        for text, value, correct, tokens, reason in problem.samples
    ]
    return {
        "messages": problem.messages,
        "gold": problem.gold,
        "samples": samples,
        "answers": problem.answers,
    }


def _line(problem: BrowserProblem, series: int) -> list[str]:
    marks, moves = ["-"] * series, ["-"] * series
    for answer in problem.answers:
        marks[answer["series"]] = answer["mark"]
        moves[answer["series"]] = answer["move"] or "-"
    prompt = " ".join(m["content"] for m in problem.messages if m["role"] != "system")[:PREVIEW]
    gold = problem.gold[:PREVIEW]
    return [problem.task, problem.id, problem.group, "".join(marks), prompt, gold, "".join(moves)]


def _short(value: float | None) -> float | None:
    """Five significant digits; an undefined number as None."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")


def _packed(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()
