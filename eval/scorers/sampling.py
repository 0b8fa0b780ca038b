"""The common code of scorers that generate samples: how many, how, and which are used.

They are samples 0, 1, 2, ... of the common pool, so the bank generates them once for all such scorers and for
every strategy that samples; each is nevertheless charged for them. Failed samples are left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from eval.plans.drawing import candidate, sample_requests
from eval.scorers.base import ScorerComponent, ask
from lab.core.types import Candidate, Plan, Question


class SamplingScorer(ScorerComponent):
    """Base of the scorers that score an answer by further samples of the question."""

    samples: int = Field(default=10, ge=1)
    """Samples generated per question. If the answer itself is sampled at this temperature, it is one of
    them.
    """
    temperature: float | None = Field(default=None, ge=0.0)
    """Temperature of the samples; empty: the stage's."""

    @property
    def draws(self) -> int:
        """The number of its samples."""
        return self.samples

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for several samples at temperature 0, which would be equal."""
        if self.temperature == 0 and self.samples > 1:
            yield "temperature", f"must be above 0, because all {self.samples} samples would be equal"

    def fresh_samples(self, question: Question) -> Plan[list[Candidate]]:
        """The samples that could be generated, in order; none if the budget is used up.

        Raises CompletionError if all of them failed.
        """
        completions = yield from ask(sample_requests(question, self.samples, self.temperature))
        return [candidate(question, c) for c in completions if c.drawn]


UNKNOWN = 0.5
"""The confidence without information: there was no sample to compare with."""
