"""Abstention pairs: "I don't know." is better than a wrong answer, and a right answer is better than "I don't
know.".

These preferences allow DPO to move the border between answering and abstaining without teaching either as
such [Cheng et al. 2024, arXiv:2401.13275; Kang et al. 2024, arXiv:2403.05612]. As in `abstention_data`, the
model's own samples show what it knows. A question without an answer (`meta["answerable"]` False) is never
known. Only the gold of training problems is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import LABELLED, Filters
from data_gen.methods.answers.abstention_data import Knowledge, unread
from data_gen.methods.samples import AnswerSample, SamplingMethod, composed_meta, distinct
from data_gen.source import Source
from lab.core.types import Example, Plan, Verdict
from lab.formats.corpus import Shape
from lab.language.abstention.reading import I_DO_NOT_KNOW, abstains


class AbstentionPairs(SamplingMethod):
    """Pairs of a better and a worse answer: (right answer, abstention) for known problems, (abstention, wrong
    answer) for unknown ones.
    """

    default_filters: ClassVar[Filters] = LABELLED
    kind: Literal["abstention_pairs"] = "abstention_pairs"
    shape: ClassVar[Shape] = "preference"
    threshold: float = Field(0.5, gt=0, le=1)
    """Minimum share of right samples at which a problem counts as known."""
    text: str = Field(I_DO_NOT_KNOW, min_length=1)
    """The text of the abstention."""
    pairs: int = Field(1, ge=1)
    """Maximum number of pairs per problem, each with another answer."""
    abstentions: float = Field(1.0, ge=0, le=1)
    """Share of the unknown problems that are used. A weak model knows few answers, and would learn to abstain
    always.
    """

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for an abstention that is not recognised as one."""
        return unread(self.text)

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The pairs; none if no sample could be judged or the needed answer is not among the samples.

        The meta has `accuracy` and `abstains` (whether the abstention is the better one). Raises
        CompletionError if no sample could be generated.
        """
        samples = yield from self.checked(source)
        known = Knowledge.of(source, samples)
        if known.accuracy is None:
            return []
        knows = known.accuracy >= self.threshold
        if not knows and source.random("abstain").random() >= self.abstentions:
            return []
        answers = [s for s in (known.right if knows else _wrong(samples)) if not abstains(s.text)]
        made = _Pairs(source, self.text, knows, known.accuracy)
        return [made.example(n, s) for n, s in enumerate(distinct(answers)[: self.pairs])]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The pairs of one problem."""

    source: Source
    text: str
    knows: bool
    accuracy: float

    def example(self, number: int, sample: AnswerSample) -> Example:
        """The answer and the abstention, the better one first."""
        problem = self.source.problem
        meta = {"accuracy": self.accuracy, "abstains": not self.knows, "sample": sample.index}
        if self.knows:
            return Example(
                problem.id, problem.messages, sample.text, sample.meta(number) | meta, rejected=self.text
            )
        made = composed_meta(self.source, sample, number, prompt=problem.messages, text=self.text)
        verdict = Verdict(True, None, "abstains: the model does not know the answer", abstained=True)
        return Example(
            problem.id, problem.messages, self.text, made | meta, rejected=sample.text, verdict=verdict
        )


def _wrong(samples: Sequence[AnswerSample]) -> list[AnswerSample]:
    """Wrong answers that were not cut off."""
    return [s for s in samples if s.whole and s.correct is False]
