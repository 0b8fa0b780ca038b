"""Keeps examples with the majority answer: a filter for problems whose answer is not known.

The canonical answers of a problem's samples vote (`lab.statistics.voting`, as in the method majority_label
[Huang et al. 2022, arXiv:2210.11610]). The method may be any that answers a problem several times. All
samples vote, including those that earlier filters dropped (`surveys.py`). The gold is never read. After a
method that selects its examples (preference_pairs) only the selected ones vote, which is of little use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.filters.correctness.surveys import Survey
from lab.statistics.voting import majority


class AgreementFilter(FilterComponent):
    """Keeps examples with the majority answer of their problem, if the majority is large enough."""

    surveys: ClassVar[bool] = True

    kind: Literal["agreement"] = "agreement"
    min_share: float = Field(0.5, gt=0, le=1)
    """Minimum share of the problem's samples that have the majority answer. Samples without a parsed answer
    count in the total but vote for nothing. If two answers share the first place, no example of the problem
    is kept.
    """

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen that receives all samples."""
        return Survey(_vote, self._judge)

    def _judge(self, draft: Draft, vote: tuple[str | None, float]) -> str:
        winner, share = vote
        if winner is None:
            return (
                "no majority: the first place is shared"
                if share
                else "no majority: no answer could be parsed"
            )
        if share < self.min_share:
            return f"agreement {share:.3g}, below {self.min_share:g}"
        return "" if draft.verdict.value == winner else "differs from the majority's answer"


def _vote(samples: Sequence[Draft]) -> tuple[str | None, float]:
    return majority([draft.verdict.value for draft in samples])
