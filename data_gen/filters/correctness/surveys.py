"""Filters that judge an example by all samples of its problem, including those that earlier filters dropped.

A filter sees only what is left, but "half of the samples are right" is a statement about all of them. The
screen of such a filter therefore first receives everything that was made from the source (`Surveys` in
base.py). Samples are grouped by their problem, because a method that writes new questions makes examples of
several problems at once. Answers generated with the gold in the prompt (`hinted` in their meta, as in STaR)
do not show what the model can do and are left out, unless the problem has no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from data_gen.drafts import Draft, samples_of

T = TypeVar("T")


class Survey(Generic[T]):
    """A screen. `sums_up` computes one result from a problem's samples, `judge` the reason to drop a
    draft.
    """

    def __init__(self, sums_up: Callable[[Sequence[Draft]], T], judge: Callable[[Draft, T], str]) -> None:
        self._sums_up, self._judge = sums_up, judge
        self._drawn: Sequence[Draft] = ()

    def survey(self, drawn: Sequence[Draft]) -> None:
        """Receives all examples made from the source whose drafts come next."""
        self._drawn = drawn

    def __call__(self, drafts: Sequence[Draft]) -> list[str]:
        """Judges the drafts; if no samples were received, by these drafts themselves."""
        drawn, self._drawn = self._drawn or drafts, ()
        groups: dict[str, list[Draft]] = {}
        for draft in drawn:
            groups.setdefault(draft.problem.id, []).append(draft)
        findings = {problem: self._sums_up(samples_of(group)) for problem, group in groups.items()}
        return [self._judge(draft, findings[draft.problem.id]) for draft in drafts]
