"""Every method on replies that punish what is slower than linear: examples, or none, in time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from hostile_texts import PIECES, grown
from test_every_method import EVERY, sources

from data_gen.source import Source
from lab.core.types import Completion, Example, Request, Usage

SIZE, SECONDS = 20_000, 1.0
"""Characters of a reply, and the processor time that a method may take for one problem: the slowest takes a
tenth of it."""
LABELLED = {
    "an open label": "task" + " " * SIZE + "x",
    "an open heading": "#" + " " * SIZE + "x",
    "an open article": "the" + "\n" * SIZE + "x",
    "items": "- " * SIZE,
    "labels": "question: " * 2000 + "x",
    "numbers": "1. " * 6000 + "why",
    "sentences": "A b. " * 4000,
    "questions": "Why is it so?\n" * 1500,
    "a sum": "x " + " ".join(map(str, range(4000))),
}


def reply(request: Request, text: str) -> Completion:
    """The text, or the first of the tokens that are allowed."""
    allowed = request.sampling.allowed_tokens or ()
    choices = dict.fromkeys(allowed, -1.0)
    said = allowed[0] if allowed else text
    return Completion(said, "stop", Usage(5, 0, 5), (-0.5,) * 5, (1,) * 5, choices, 0.1)


def examples(method: Any, source: Source, text: str) -> Sequence[Example]:
    """What the method makes of a problem when every reply is this text."""
    plan = method.generate(source)
    try:
        asked = next(plan)
        while True:
            asked = plan.send([reply(request, text) for request in asked])
    except StopIteration as end:
        found: Sequence[Example] = end.value
        return found


@pytest.mark.parametrize("method", EVERY, ids=lambda m: f"{m.kind}-{EVERY.index(m)}")
def test_every_method_reads_any_reply_in_time(method: Any) -> None:
    source, took = sources(method)[0], {}
    examples(method, source, "It is 7.")
    for name, text in ({name: grown(piece, SIZE) for name, piece in PIECES.items()} | LABELLED).items():
        started = time.process_time()
        examples(method, source, text)
        took[name] = round(time.process_time() - started, 2)
    assert {name: seconds for name, seconds in took.items() if seconds > SECONDS} == {}
