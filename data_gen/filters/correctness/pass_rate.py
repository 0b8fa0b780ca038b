"""Keeps problems of a chosen difficulty: those that the generating model solves sometimes.

A problem that is always solved teaches nothing new; one that is never solved gives no right examples (or only
lucky ones). Dynamic sampling drops both [DAPO, Yu et al. 2025, arXiv:2503.14476]. The rate is right / scored
over all samples from which the method made examples, including those that earlier filters dropped
(`surveys.py`). An unscored sample is not wrong; it does not count. A method that keeps only some of its
samples must state the rate itself: `accuracy` in an example's meta (abstention_data) is used. After
majority_label or preference_pairs, which select and do not state it, the rate is that of the selected
samples, so use this filter with methods that return all samples (rejection_sampling, distillation,
labelled_samples).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.filters.correctness.surveys import Survey


class PassRate(FilterComponent):
    """Keeps all examples of a problem if its pass rate is within [`min`, `max`], and none otherwise.

    It does not matter whether an example itself is right: add `verified` before or after it.
    """

    surveys: ClassVar[bool] = True

    kind: Literal["pass_rate"] = "pass_rate"
    min: float = Field(0.01, ge=0, le=1)
    """Minimum share of right samples; the default excludes problems that were never solved."""
    max: float = Field(0.99, ge=0, le=1)
    """Maximum share of right samples; the default excludes problems that were always solved (with 100 samples
    or more, also those that failed once in a hundred).
    """

    @model_validator(mode="after")
    def _ordered(self) -> PassRate:
        if self.min > self.max:
            raise ValueError(
                f"min ({self.min:g}) is above max ({self.max:g}), so every example would be dropped"
            )
        return self

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen that receives all samples. A problem without a scored one is dropped with a separate
        reason.
        """
        return Survey(ProblemPassRate.of, self._judge)

    def _judge(self, draft: Draft, rate: ProblemPassRate) -> str:
        if rate.share is None:
            return "pass rate not known: no sample of the problem has a verdict"
        if rate.share < self.min:
            return f"pass rate {rate}, below {self.min:g}"
        return f"pass rate {rate}, above {self.max:g}" if rate.share > self.max else ""


@dataclass(frozen=True, slots=True)
class ProblemPassRate:
    """A problem's share of right samples (None: unknown) and the counts behind it."""

    share: float | None
    source: str

    def __str__(self) -> str:
        return f"{self.share:.3g} ({self.source})"

    @classmethod
    def of(cls, samples: Sequence[Draft]) -> ProblemPassRate:
        """The method's own value if it has one, else counted over the scored samples."""
        stated = [draft.example.meta["accuracy"] for draft in samples if "accuracy" in draft.example.meta]
        if stated:
            return cls(None if stated[0] is None else float(stated[0]), "as the method says")
        scored = [draft.verdict.correct for draft in samples if draft.verdict.correct is not None]
        share = sum(scored) / len(scored) if scored else None
        return cls(share, f"{sum(scored)} of {len(scored)} right")
