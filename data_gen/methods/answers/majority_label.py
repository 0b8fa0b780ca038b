"""Majority label: if the answer is not known, the samples' majority answer is used as the label.

Several solutions are sampled. The most frequent answer is taken as right, and the solutions with this answer
become examples [Huang et al. 2022, "Large Language Models Can Self-Improve", arXiv:2210.11610; the vote is
self-consistency, Wang et al. 2022, arXiv:2203.11171]. The gold is never read. If there is one, the audit
reports how often the majority was wrong.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import AGREED, Filters
from data_gen.methods.samples import SamplingMethod, plain_example
from data_gen.source import Source
from lab.core.types import Example, Plan
from lab.statistics.voting import majority


class MajorityLabel(SamplingMethod):
    """Samples that agree with the majority answer, if the majority is large enough. The gold is not used."""

    default_filters: ClassVar[Filters] = AGREED
    kind: Literal["majority_label"] = "majority_label"
    threshold: float = Field(0.5, ge=0, le=1)
    """Minimum share of the samples that must agree; samples without a parsed answer agree with no other."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The agreeing samples in order, with `agreement` in their meta; none below the threshold or for a
        tie.

        Raises CompletionError if no sample could be generated.
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
