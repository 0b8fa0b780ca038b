"""Labelled samples: every answer with a label, good or bad, as KTO learns from [Ethayarajh et al. 2024,
arXiv:2402.01306].

No pairs are needed: a problem that the model always or never solves gives examples, too. The label is the
checker's verdict, so such a corpus is made without the `verified` filter, which would drop all bad examples.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from data_gen.filters.defaults import LABELLED, Filters
from data_gen.methods.samples import AnswerSample, SamplingMethod, distinct, plain_example
from data_gen.source import Source
from lab.core.types import Example, Plan


class LabelledSamples(SamplingMethod):
    """Samples labelled good or bad by the checker."""

    default_filters: ClassVar[Filters] = LABELLED
    kind: Literal["labelled_samples"] = "labelled_samples"
    shape = "labelled"
    balance: bool = False
    """Use equally many good and bad examples per problem (none if all are good or all are bad)."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per judged sample, in sample order. Raises CompletionError if none could be
        generated.
        """
        samples = yield from self.checked(source)
        scored = [s for s in samples if s.correct is not None]
        if self.balance:
            scored = balanced(source, distinct(scored))
        return [replace(plain_example(source, s), label=s.correct) for s in scored]


def balanced(source: Source, samples: list[AnswerSample], most: int | None = None) -> list[AnswerSample]:
    """As many right as wrong samples (at most `most` of each), chosen by the problem's seed, in order."""
    sides = [[s for s in samples if s.correct is side] for side in (True, False)]
    count = min(len(side) for side in sides)
    count = count if most is None else min(count, most)
    chosen = [s for side in sides for s in source.random("balance").sample(side, count)]
    return sorted(chosen, key=lambda s: s.index)
