"""Verification data: a problem with an answer, and whether the answer is right.

The prompts are word for word those of the scorers that ask: `p_true` (one word, Yes or No; outcome
verifiers, Cobbe et al. 2021, arXiv:2110.14168) and `self_verify` (a written check that ends in a verdict). A
written check is the model's own, kept when its verdict agrees with the checker, as GenRM's are [Zhang et al.
2024, arXiv:2408.15240]. Right and wrong are balanced within a problem, so that its difficulty tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import LABELLED, Filters
from data_gen.methods.labels.labelled_samples import balanced
from data_gen.methods.samples import AnswerSample, SamplingMethod, asking_about, composed_meta, distinct
from data_gen.source import Source
from lab.core.fields import ModelName
from lab.core.types import Completion, Example, Plan, Request, Verdict
from lab.language.wording import CHECK_IT, IS_IT_RIGHT, NO, YES, read_verdict


class VerificationData(SamplingMethod):
    """Examples of judging answers, where the judgement is right."""

    default_filters: ClassVar[Filters] = LABELLED
    kind: Literal["verification_data"] = "verification_data"
    form: Literal["p_true", "self_verify"] = "p_true"
    """The scorer that it teaches: a single word (p_true), or a written check (self_verify)."""
    balance: bool = True
    """Use equally many right and wrong answers per problem (none if all are right or all are wrong)."""
    answers: int = Field(2, ge=1)
    """Maximum number of right and of wrong answers per problem; without `balance` all are used."""
    checks: int = Field(4, ge=1)
    """Checks drawn per answer with `self_verify`; the first right one is kept. With `balance`, up to twice as
    many answers are checked as are needed.
    """
    check_tokens: int = Field(192, ge=1)
    """Maximum number of tokens of a check."""
    model: ModelName = ""
    """Model that writes the checks: one of the stage's `models`; empty: the answering model."""

    def faults(self) -> Sequence[tuple[str, str]]:
        """A model that is never asked."""
        idle = self.model and self.form == "p_true"
        return [("model", "is only used with form: self_verify")] if idle else []

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per judged answer, in sample order; an answer that was cut off is none.

        Raises CompletionError when no answer could be drawn.
        """
        samples = yield from self.checked(source)
        scored = distinct(s for s in samples if s.correct is not None and s.whole and s.text.strip())
        if self.form == "p_true":
            chosen = self._chosen(source, scored)
            return [self._short(source, number, sample) for number, sample in enumerate(chosen)]
        asked = balanced(source, scored, 2 * self.answers) if self.balance else scored
        checks = yield from self._checks(source, asked)
        chosen = self._chosen(source, [s for s in scored if s.index in checks])
        return [self._written(source, n, s, checks[s.index]) for n, s in enumerate(chosen)]

    def _chosen(self, source: Source, samples: list[AnswerSample]) -> list[AnswerSample]:
        return balanced(source, samples, self.answers) if self.balance else samples

    def _short(self, source: Source, number: int, sample: AnswerSample) -> Example:
        prompt, word = asking_about(source, sample.text, IS_IT_RIGHT), YES if sample.correct else NO
        meta = composed_meta(source, sample, number, prompt=prompt, text=word)
        meta["answer_correct"] = sample.correct
        verdict = Verdict(True, word, "the checker's verdict on the answer")
        return Example(source.problem.id, prompt, word, meta, verdict=verdict)

    def _checks(self, source: Source, samples: Sequence[AnswerSample]) -> Plan[dict[int, Completion]]:
        """For each answer the first check that came to the checker's verdict, by the answer's number."""
        if not samples:
            return {}
        sampling = self.sampling(source).but(max_tokens=self.check_tokens)
        asked = [(s, i) for s in samples for i in range(self.checks)]
        completions = yield [
            Request(
                asking_about(source, s.text, CHECK_IT),
                sampling,
                "verifier",
                tag="verify",
                index=i,
                required=False,
                model=self.model,
            )
            for s, i in asked
        ]
        found: dict[int, Completion] = {}
        for (s, _), c in zip(asked, completions, strict=True):
            if c.finish_reason == "stop" and read_verdict(c.text) is s.correct:
                found.setdefault(s.index, c)
        return found

    def _written(self, source: Source, number: int, sample: AnswerSample, check: Completion) -> Example:
        prompt = asking_about(source, sample.text, CHECK_IT)
        meta = AnswerSample(sample.index, check).meta(number) | {"answer_correct": sample.correct}
        said = "correct" if sample.correct else "incorrect"
        verdict = Verdict(True, said, "the check agrees with the checker")
        return Example(source.problem.id, prompt, check.text, meta, verdict=verdict)
