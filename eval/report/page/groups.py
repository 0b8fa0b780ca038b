"""Which problems the browser shows, and the group of each.

Every problem belongs to the first group that fits (fixed by training, broken by training, a right answer in
the pool but a wrong one chosen, failed or unparsed, right for some, always right, always wrong). All of them
are shown up to `TOTAL`; beyond that the groups take turns, in the order of a hash of the problem's id, so
that the choice depends on the scores only through the group.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from eval.report.view import LoadedAnswer, LoadedStage

GROUPS = {
    "fixed": "fixed by training",
    "broken": "broken by training",
    "missed": "right answer in the pool, wrong one chosen",
    "failed": "failed or unparsed",
    "mixed": "right for some strategies only",
    "right": "always right",
    "wrong": "always wrong",
}
TOTAL = 2000

GroupKey = tuple[str, str]


def choose(stages: Sequence[LoadedStage], total: int = TOTAL) -> dict[GroupKey, str]:
    """(task, problem id) -> group of what is shown, in file order: `total / tasks` of a task at most."""
    rows: dict[GroupKey, list[tuple[int, LoadedAnswer]]] = {}
    for stage in stages:
        for answer in stage.answers:
            rows.setdefault(answer.key, []).append((stage.index, answer))
    tasks: dict[str, dict[str, list[GroupKey]]] = {}
    for key, answers in rows.items():
        tasks.setdefault(key[0], {}).setdefault(group_of(answers, len(stages)), []).append(key)
    share = max(1, total // max(1, len(tasks)))
    taken = {key: group for groups in tasks.values() for key, group in _take_turns(groups, share)}
    return {key: taken[key] for key in rows if key in taken}


def group_of(answers: Sequence[tuple[int, LoadedAnswer]], stages: int) -> str:
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


def _reference(answers: Sequence[tuple[int, LoadedAnswer]], stage: int) -> LoadedAnswer | None:
    """The greedy answer of a stage, else its first."""
    mine = [a for s, a in answers if s == stage]
    return next((a for a in mine if a.kind == "greedy"), mine[0] if mine else None)


def _take_turns(groups: dict[str, list[GroupKey]], limit: int) -> list[tuple[GroupKey, str]]:
    queues = {g: sorted(groups[g], key=_hash) for g in GROUPS if g in groups}
    taken: list[tuple[GroupKey, str]] = []
    while queues and len(taken) < limit:
        for group in list(queues):
            if len(taken) < limit:
                taken.append((queues[group].pop(0), group))
            if not queues[group]:
                del queues[group]
    return taken


def _hash(key: GroupKey) -> str:
    return hashlib.sha256("\0".join(key).encode("utf-8", "replace")).hexdigest()
