"""Which of a stage's models a plan's requests go to.

A strategy or scorer names a model in its `model` field and knows nothing more of it; its requests are
stamped with the name here. What is already stamped stays, so an inner component's choice stands and one
without a choice follows the component around it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from lab.core.types import Plan

R = TypeVar("R")


def routed(plan: Plan[R], model: str) -> Plan[R]:
    """The same plan with `model` on every request that names none; failures still reach the plan."""
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
