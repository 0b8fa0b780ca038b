"""Runs one plan on an engine, without scheduler, bank or ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from lab.core.protocols import Engine
from lab.core.types import Completion, Plan, Request

R = TypeVar("R")


def run(plan: Plan[R], engine: Engine) -> R:
    """What the plan returns; a request's seed is its index."""
    try:
        requests = next(plan)
        while True:
            requests = plan.send(_draw(engine, requests))
    except StopIteration as stop:
        result: R = stop.value
        return result


def _draw(engine: Engine, requests: list[Request]) -> list[Completion]:
    for id, request in enumerate(requests):
        seeded = replace(request, sampling=request.sampling.but(seed=request.index))
        engine.submit(id, seeded, engine.render(seeded))
    found: dict[int, Completion] = {}
    while len(found) < len(requests):
        found.update(engine.poll())
    return [found[id] for id in range(len(requests))]
