"""Keeps at most k examples per problem, so that easy problems do not dominate the corpus.

Without a cap, the problems that the model solves in eight of eight samples give most of the examples, and the
hard ones almost none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.similarity.words import words


class CapPerProblem(FilterComponent):
    """Keeps at most `k` examples of each problem, chosen as `choose` says."""

    kind: Literal["cap_per_problem"] = "cap_per_problem"
    k: int = Field(4, ge=1)
    """Maximum number of examples per problem."""
    choose: Literal["first", "shortest", "diverse"] = "first"
    """first: in sample order. shortest: fewest tokens, then sample order. diverse: the first, and then always
    the one least similar (Jaccard over words) to those already chosen.
    """

    @property
    def local(self) -> bool:
        return True

    @property
    def most_per_problem(self) -> int:
        """k."""
        return self.k

    def open(self, context: Context) -> Screen:
        """A screen over each problem separately."""
        return self._screen

    def _screen(self, drafts: Sequence[Draft]) -> list[str]:
        kept = set(self._chosen(drafts))
        return [
            "" if i in kept else (f"more than {self.k} examples of this problem") for i in range(len(drafts))
        ]

    def _chosen(self, drafts: Sequence[Draft]) -> list[int]:
        order = sorted(range(len(drafts)), key=lambda i: (drafts[i].index, i))
        if self.choose == "shortest":
            order.sort(key=lambda i: drafts[i].completion_tokens)
        if self.choose == "diverse" and len(order) > self.k:
            order = _farthest_first(order, [frozenset(words(d.text)) for d in drafts], self.k)
        return order[: self.k]


def _farthest_first(order: list[int], bags: list[frozenset[str]], k: int) -> list[int]:
    """Greedy max-min choice of k (Gonzalez 1985): O(k x len(order)); ties by sample order."""
    chosen, left = order[:1], order[1:]
    nearest = {i: _similarity(bags[i], bags[chosen[0]]) for i in left}
    while left and len(chosen) < k:
        pick = min(left, key=lambda i: nearest[i])
        left.remove(pick)
        chosen.append(pick)
        for i in left:
            nearest[i] = max(nearest[i], _similarity(bags[i], bags[pick]))
    return chosen


def _similarity(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 1.0
