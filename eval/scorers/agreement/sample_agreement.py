"""The share of further samples that give the same answer: self-consistency as a confidence.

Wang et al. 2023 (section 3.2) observed that the share of agreeing samples separates right from wrong answers;
Lyu et al. 2024 ("Calibrating Large Language Models with Sample Consistency") call it agreement-based
consistency. Unlike `agreement`, which counts within the candidates, it can score a single answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from eval.scorers.sampling import UNKNOWN, SamplingScorer
from lab.core.types import Candidate, Plan, Question


class SampleAgreement(SamplingScorer):
    """Share of further samples that have the candidate's canonical answer; unparsed samples agree with no
    answer.

    With `model`, that model generates the samples (agreement across models).
    """

    kind: Literal["sample_agreement"] = "sample_agreement"

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """In [0, 1]; 0 for a candidate without an answer, 0.5 if no sample could be generated."""
        values = [c.value for c in (yield from self.fresh_samples(question))]
        return [share(c.value, values) for c in candidates]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score


def share(value: str | None, values: Sequence[str | None]) -> float:
    """The share of `values` that equal `value`; UNKNOWN if there are none, 0 for None."""
    if not values:
        return UNKNOWN
    return 0.0 if value is None else values.count(value) / len(values)
