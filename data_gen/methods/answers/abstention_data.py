"""Abstention data: an answer if the model knows it, else "I don't know.".

R-Tuning [Zhang et al. 2024, arXiv:2311.09677]: the training problems are split by what the model itself can
do. If enough of its samples are right, a right one is learned; if they are wrong or disagree, the abstention.
`by: agreement` is the unsupervised form, which needs no gold: confident mistakes then stay answers. Only the
gold of training problems is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import ABSTAINING, Filters
from data_gen.methods.samples import AnswerSample, SamplingMethod, composed_meta, distinct, plain_example
from data_gen.source import Source
from lab.core.types import Example, Plan, Verdict
from lab.language.abstention.reading import I_DO_NOT_KNOW, abstains
from lab.statistics.voting import majority


class AbstentionData(SamplingMethod):
    """Examples of answering known problems and abstaining from unknown ones, with the original prompts."""

    default_filters: ClassVar[Filters] = ABSTAINING
    kind: Literal["abstention_data"] = "abstention_data"
    by: Literal["accuracy", "agreement"] = "accuracy"
    """How knowing is measured: the share of right samples, or the share that agree with the majority."""
    threshold: float = Field(0.5, gt=0, le=1)
    """Minimum share at which a problem counts as known."""
    text: str = Field(I_DO_NOT_KNOW, min_length=1)
    """The answer that is learned for unknown problems."""
    answers: int = Field(1, ge=1)
    """Maximum number of different answers per known problem."""
    abstentions: float = Field(1.0, ge=0, le=1)
    """Share of the unknown problems that are used. A weak model knows few answers, and would learn to abstain
    always.
    """

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for an abstention that is not recognised as one."""
        return unread(self.text)

    def generate(self, source: Source) -> Plan[list[Example]]:
        """Answers with the checker's verdict, or an abstention, which is right by construction.

        The meta has `accuracy` (null if no sample can be judged), `agreement` and `abstains`. No example if
        no sample can be judged and `by` is accuracy. Raises CompletionError if no sample could be generated.
        """
        samples = yield from self.checked(source)
        known = Knowledge.of(source, samples)
        share = known.accuracy if self.by == "accuracy" else known.agreement
        meta = {"accuracy": known.accuracy, "agreement": known.agreement, "abstains": False}
        if share is None:
            return []
        if share >= self.threshold and (known.right if self.by == "accuracy" else known.agreeing):
            chosen = known.right if self.by == "accuracy" else known.agreeing
            return [plain_example(source, s, **meta) for s in distinct(chosen)[: self.answers]]
        if source.random("abstain").random() >= self.abstentions:
            return []
        return [self._abstention(source, samples[0], meta | {"abstains": True})]

    def _abstention(self, source: Source, like: AnswerSample, meta: Mapping[str, object]) -> Example:
        problem = source.problem
        meta = composed_meta(source, like, 0, prompt=problem.messages, text=self.text) | dict(meta)
        verdict = Verdict(True, None, "abstains: the model does not know the answer", abstained=True)
        return Example(problem.id, problem.messages, self.text, meta, verdict=verdict)


def unread(text: str) -> list[tuple[str, str]]:
    """Yields an error for a `text` that does not read as an abstention."""
    if abstains(text):
        return []
    return [
        ("text", (f"{text[:60]!r} is not recognised as an abstention; write one such as {I_DO_NOT_KNOW!r}"))
    ]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the samples of a problem show: shares in [0, 1], and the right and the agreeing samples.

    Only finished samples can be learned; unjudged ones do not count in the accuracy.
    """

    accuracy: float | None
    agreement: float
    right: list[AnswerSample]
    agreeing: list[AnswerSample]

    @classmethod
    def of(cls, source: Source, samples: Sequence[AnswerSample]) -> Knowledge:
        """From checked samples, at least one."""
        judged = [s.correct for s in samples if s.correct is not None]
        values = [source.canonical(s.text, cut=s.completion.cut) for s in samples]
        winner, agreement = majority(values)
        whole = [(s, v) for s, v in zip(samples, values, strict=True) if s.whole]
        return cls(
            round(sum(judged) / len(judged), 4) if judged else None,
            round(agreement, 4),
            [s for s, _ in whole if s.correct],
            [s for s, value in whole if winner is not None and value == winner],
        )
