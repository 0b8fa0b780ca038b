"""Reuses completions that a plan has already paid for in the strategies that it runs.

The second strategy of a cascade often needs the samples of the first, and probe samples are part of the arm
that follows. In one plan a sample is requested, and charged, once.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from lab.core.types import Completion, Plan, Request

R = TypeVar("R")


@dataclass(slots=True)
class PaidCompletions:
    """The completions of one plan so far, by request; `tokens` is the number of generated tokens."""

    known: dict[Hashable, Completion] = field(default_factory=dict)
    tokens: int = 0

    def run(self, plan: Plan[R]) -> Plan[R]:
        """The same plan, with requests only for unknown completions; failures are still passed on."""
        try:
            requests = next(plan)
            while True:
                try:
                    yield from self._ask([r for r in requests if same(r) not in self.known])
                except Exception as error:
                    requests = plan.throw(error)
                else:
                    requests = plan.send([self.known[same(r)] for r in requests])
        except StopIteration as stop:
            result: R = stop.value
            return result

    def _ask(self, missing: list[Request]) -> Plan[None]:
        if not missing:
            return
        completions = yield missing
        self.known |= {same(r): c for r, c in zip(missing, completions, strict=True)}
        self.tokens += sum(c.usage.completion_tokens for c in completions)


def same(request: Request) -> Hashable:
    """The identity of a request within a plan: equal ones have the same completion."""
    r = request
    turns = tuple((m["role"], m["content"]) for m in r.messages)
    return turns, r.sampling, r.role, r.prefix, r.index, r.model, r.speaker
