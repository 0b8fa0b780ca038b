"""To which of a stage's models a plan's requests are sent.

A strategy or scorer names a model in its `model` field; the name is added to its requests here. A request
that already has a model keeps it, so the choice of an inner component takes precedence, and a component
without a choice uses that of the component around it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from lab.core.types import Plan

R = TypeVar("R")


def routed(plan: Plan[R], model: str) -> Plan[R]:
    """The same plan with `model` on every request without a model; failures are still passed on."""
    if not model:
        return (yield from plan)
    try:
        requests = next(plan)
        while True:
            try:
                completions = yield [r if r.model else replace(r, model=model) for r in requests]
            except Exception as error:
                requests = plan.throw(error)
            else:
                requests = plan.send(completions)
    except StopIteration as stop:
        result: R = stop.value
        return result
