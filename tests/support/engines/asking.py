"""Ask an engine a few requests, without a scheduler."""

from __future__ import annotations

from typing import Any

from lab.core.types import Completion, Request


def asked(engine: Any, requests: list[Request]) -> list[Completion]:
    """The completions, in order."""
    for id, request in enumerate(requests):
        engine.submit(id, request, engine.render(request))
    found: dict[int, Completion] = {}
    while len(found) < len(requests):
        found.update(engine.poll())
    engine.close()
    return [found[i] for i in range(len(requests))]
