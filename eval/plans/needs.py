"""For which candidates of a pool each request of a plan was made.

A scorer that judges every candidate separately makes the same requests about a candidate whether it is alone
or among others. Its plan is therefore run again for each candidate alone, with the stored completions: the
requests that it makes then are the ones for that candidate. Nothing is generated, and scorers need no
additional code for this.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from eval.plans.reuse import same
from lab.core.scheduling.jobs import Charge
from lab.core.types import Answer, Candidate, Completion, Plan, Request

Judging = Callable[[Candidate], Plan[Any]]
"""What a strategy requests about one candidate."""


def needs(charges: Sequence[Charge], answer: Answer, judging: Judging) -> list[int] | None:
    """For each charge its candidates as bits; all bits for requests that a pool of any size would have made.

    The first charges are those of the candidates, in order. None if they are not, or if a candidate alone
    would lead to other requests: then nothing is known about smaller pools.
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
    wanted: dict[Hashable, list[int]] = {}
    for i, candidate in enumerate(answer.candidates):
        if not candidate.completion.drawn:
            continue
        asked = _asked(judging(replace(candidate, score=None)), drawn)
        if asked is None:
            return None
        for key in asked:
            wanted.setdefault(key, []).append(1 << i)
    return found + _given(rest, wanted, (1 << n) - 1)


def _given(rest: Sequence[Charge], wanted: Mapping[Hashable, Sequence[int]], everybody: int) -> list[int]:
    """Equal requests that were made once belong to all who need them; otherwise each belongs to one of
    them.
    """
    places: dict[Hashable, list[int]] = {}
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


def _asked(plan: Plan[Any], drawn: Mapping[Hashable, Completion]) -> list[Hashable] | None:
    """The keys of all requests of a plan, in order; None if one of them was never generated."""
    found: list[Hashable] = []
    try:
        requests = next(plan)
        while True:
            keys = [_key(request) for request in requests]
            if any(key not in drawn for key in keys):
                return None
            found += keys
            requests = plan.send([drawn[key] for key in keys])
    except Exception:  # StopIteration, or the scorer's own exception for failed completions
        return found


def _key(request: Request) -> Hashable:
    """The same for a request before and after the scheduler has set its seed."""
    return same(replace(request, sampling=request.sampling.but(seed=None)))
