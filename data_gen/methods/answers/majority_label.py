"""Majority label: where nobody knows the answer, agreement between samples makes the label.

Several solutions are drawn; the answer that most of them reach is taken for right, and the solutions that
reach it become examples [Huang et al. 2022, "Large Language Models Can Self-Improve", arXiv:2210.11610; the
vote is self-consistency, Wang et al. 2022, arXiv:2203.11171]. The gold is never read. Where there is one, the
checker's verdict on the examples lets the audit say how often agreement was mistaken.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import AGREED, Filters
from data_gen.methods.samples import SamplingMethod, plain_example
from data_gen.source import Source
from data_gen.voting import majority
from lab.core.types import Example, Plan


class MajorityLabel(SamplingMethod):
    """Samples that agree with the majority answer, if the majority is large enough. The gold is not used."""

    default_filters: ClassVar[Filters] = AGREED
    kind: Literal["majority_label"] = "majority_label"
    threshold: float = Field(0.5, ge=0, le=1)
    """Minimum share of the samples that must agree; samples without a parsed answer agree with no other."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The agreeing samples in order, with `agreement` in their meta; none below the threshold, or tied.

        Raises CompletionError when no sample could be drawn.
        """
        samples = yield from self.draw(source)
        values = [source.canonical(s.text, cut=s.completion.cut) for s in samples]
        winner, agreement = majority(values)
        if winner is None or agreement < self.threshold:
            return []
        return [
            plain_example(source, s, agreement=round(agreement, 4))
            for s, value in zip(samples, values, strict=True)
            if value == winner
        ]
