"""Which candidates of a pool each request of a plan was made for.

A scorer that judges every candidate by itself asks about one exactly what it asks about it among others. So
its plan is run again with each candidate alone, against the completions that are there already: what it then
asks for is what that candidate needs. Nothing is drawn, and a scorer need not know of any of this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from eval.plans.reuse import same
from lab.core.jobs import Charge
from lab.core.types import Answer, Candidate, Completion, Plan, Request

Judging = Callable[[Candidate], Plan[Any]]
"""What a strategy asks about one candidate."""


def needs(charges: Sequence[Charge], answer: Answer, judging: Judging) -> list[int] | None:
    """For each charge the candidates it was made for, as bits; all bits for what any pool would have cost.

    The first charges drew the candidates, in order. None where they did not, or where a candidate alone would
    ask for something else: then nothing can be said of smaller pools.
    """
    n = len(answer.candidates)
    pairs = zip(charges, answer.candidates, strict=False)
    if len(charges) < n or any(charge.completion is not c.completion for charge, c in pairs):
        return None
    found = [1 << i for i in range(n)]
    rest = charges[n:]
    if not rest:
        return found
    drawn = {_key(charge.request): charge.completion for charge in rest}
    wanted: dict[Any, list[int]] = {}
    for i, candidate in enumerate(answer.candidates):
        if not candidate.completion.drawn:
            continue
        asked = _asked(judging(replace(candidate, score=None)), drawn)
        if asked is None:
            return None
        for key in asked:
            wanted.setdefault(key, []).append(1 << i)
    return found + _given(rest, wanted, (1 << n) - 1)


def _given(rest: Sequence[Charge], wanted: Mapping[Any, Sequence[int]], everybody: int) -> list[int]:
    """Equal requests that were asked once are for all who want them, else each is for one of these."""
    places: dict[Any, list[int]] = {}
    for at, charge in enumerate(rest):
        places.setdefault(_key(charge.request), []).append(at)
    found = [everybody] * len(rest)
    for key, mine in places.items():
        if key not in wanted:
            continue
        masks = list(wanted[key])
        if len(masks) != len(mine):
            masks = [reduce(or_, masks)] * len(mine)
        for place, mask in zip(mine, masks, strict=True):
            found[place] = mask
    return found


def _asked(plan: Plan[Any], drawn: Mapping[Any, Completion]) -> list[Any] | None:
    """The keys of all that a plan asks for, in order; None where one of them was never drawn."""
    found: list[Any] = []
    try:
        requests = next(plan)
        while True:
            keys = [_key(request) for request in requests]
            if any(key not in drawn for key in keys):
                return None
            found += keys
            requests = plan.send([drawn[key] for key in keys])
    except Exception:  # StopIteration, or the scorer's own word on completions that failed
        return found


def _key(request: Request) -> Any:
    """Equal for a request before and after the scheduler has given it a seed."""
    return same(replace(request, sampling=request.sampling.but(seed=None)))
