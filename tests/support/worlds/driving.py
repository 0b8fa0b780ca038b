"""Runs one plan by hand: a script answers each request, and everything asked is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from lab.core.types import Completion, Message, Plan, Question, Request, Sampling, Usage

Script = Callable[[Request], "str | Completion"]


def number(text: str) -> str | None:
    """The last number of a text."""
    found = re.findall(r"\d+", text)
    return found[-1] if found else None


def question(**changes: Any) -> Question:
    """What is 2+2?, with at most 40 tokens an answer; the last number is the answer."""
    asked: Message = {"role": "user", "content": "What is 2+2?"}
    return Question("q", (asked,), Sampling(max_tokens=40), number, **changes)


def said(text: str, *, tokens: int = 0, end: str = "stop", **changes: Any) -> Completion:
    """A completion of one token a word, or of `tokens`."""
    count = tokens or len(text.split())
    return Completion(text, end, Usage(9, 0, count), (-0.5,) * count, **changes)  # type: ignore[arg-type]


def chose(**choices: float) -> Completion:
    """One token among choices, with their log-probabilities."""
    return said(max(choices, key=choices.__getitem__), end="length", choices=choices)


FAILED = Completion("", "error", Usage(9, 0, 0), error="gone")
REFUSED = Completion("", "budget", Usage(0, 0, 0))


def drive(plan: Plan[Any], script: Script | Iterable[str | Completion]) -> tuple[Any, list[Request]]:
    """The plan's result and all it asked; a list of replies is given out in order and must be used up."""
    asked: list[Request] = []
    replies = None if callable(script) else iter(script)

    def reply(request: Request) -> Completion:
        asked.append(request)
        found = script(request) if replies is None else next(replies, None)  # type: ignore[operator]
        assert found is not None, f"the script has no reply number {len(asked)}"
        return said(found) if isinstance(found, str) else found

    try:
        requests = next(plan)
        while True:
            requests = plan.send([reply(r) for r in requests])
    except StopIteration as stop:
        assert replies is None or next(replies, None) is None, "not all replies were asked for"
        return stop.value, asked
