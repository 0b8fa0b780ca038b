"""Drafts as plain JSON data, and back: for a part whose drafts still have to pass filters in another process.

Everything comes back equal: texts, numbers, verdicts and both metas. A value that JSON does not have (a date
in a data set's row) comes back as an object with the same text, which is all that the corpus and the audit
use of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_gen.drafts import Draft
from lab.core.types import Example, Message, Problem, Verdict

MARK = "\x00"
"""An object with this key alone stands for a value that JSON does not have."""


@dataclass(frozen=True, slots=True)
class ValueText:
    """Stands for a value of any other type; it has the same text."""

    text: str

    def __str__(self) -> str:
        return self.text


def encoded(drafts: Sequence[Draft]) -> list[Any]:
    """[problems, drafts]: each problem once, the drafts with the numbers of theirs."""
    problems: dict[int, Problem] = {}
    for draft in drafts:
        problems |= {id(p): p for p in (draft.problem, draft.example.problem) if p is not None}
    numbers = {key: number for number, key in enumerate(problems)}
    return [[_problem(p) for p in problems.values()], [_draft(draft, numbers) for draft in drafts]]


def decoded(task: str, found: Any) -> list[Draft]:
    """The drafts of one problem of a task. Raises ValueError, TypeError or LookupError if they are not."""
    problems, drafts = found
    known = [
        Problem(_text(id), _turns(turns), plain(gold), plain(meta)) for id, turns, gold, meta in problems
    ]
    return [_read(task, draft, known) for draft in drafts]


def _draft(draft: Draft, numbers: Mapping[int, int]) -> list[Any]:
    e = draft.example
    about = None if e.problem is None else numbers[id(e.problem)]
    texts = [e.problem_id, [[m["role"], m["content"]] for m in e.prompt], e.completion, e.rejected]
    labels = [e.label, list(e.steps), list(e.step_labels), jsonable(e.meta)]
    return [numbers[id(draft.problem)], about, *texts, *labels, _verdict(e.verdict), _verdict(draft.verdict)]


def _read(task: str, draft: Any, known: Sequence[Problem]) -> Draft:
    problem, about, id, prompt, text, rejected, label, steps, labels, meta, own, verdict = draft
    example = Example(
        _text(id),
        _turns(prompt),
        _text(text),
        plain(meta),
        rejected=None if rejected is None else _text(rejected),
        label=label,
        steps=tuple(map(_text, steps)),
        step_labels=tuple(labels),
        verdict=None if own is None else _verdict_of(own),
        problem=None if about is None else known[about],
    )
    return Draft(task, known[problem], example, _verdict_of(verdict))


def _problem(problem: Problem) -> list[Any]:
    turns = [[m["role"], m["content"]] for m in problem.messages]
    return [problem.id, turns, jsonable(problem.gold), jsonable(problem.meta)]


def _verdict(verdict: Verdict | None) -> list[Any] | None:
    if verdict is None:
        return None
    return [verdict.correct, verdict.value, verdict.reason, verdict.abstained]


def _verdict_of(found: Any) -> Verdict:
    correct, value, reason, abstained = found
    return Verdict(correct, None if value is None else _text(value), _text(reason), abstained)


def _turns(found: Any) -> tuple[Message, ...]:
    return tuple(Message(role=_text(role), content=_text(content)) for role, content in found)


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise ValueError(f"expected a text, found {str(found)[:40]}")
    return found


def jsonable(value: Any) -> Any:
    """JSON data from which `plain` makes the value again."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    if isinstance(value, tuple):
        return {MARK: ["tuple", [jsonable(item) for item in value]]}
    if not isinstance(value, Mapping):
        return {MARK: ["text", str(value)]}
    if MARK not in value and all(isinstance(key, str) for key in value):
        return {key: jsonable(item) for key, item in value.items()}
    return {MARK: ["pairs", [[jsonable(key), jsonable(item)] for key, item in value.items()]]}


def plain(value: Any) -> Any:
    """The inverse of `jsonable`. Raises ValueError for what it does not make."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if MARK not in value:
        return {key: plain(item) for key, item in value.items()}
    kind, content = value[MARK]
    if kind == "tuple":
        return tuple(plain(item) for item in content)
    if kind == "pairs":
        return {plain(key): plain(item) for key, item in content}
    if kind == "text":
        return ValueText(_text(content))
    raise ValueError(f"unknown kind of value: {str(kind)[:40]}")
