"""Correction trajectories: a wrong attempt, its critique, a right attempt; and right attempts that are
confirmed.

A model does not learn to correct itself from right answers alone, and one that learns only from corrected
mistakes revises right answers, too. Pairs of a wrong and a right answer to one problem are from Welleck et
al. 2023 [arXiv:2211.00053]. That the first attempts must be the model's own, and that right ones must be
confirmed, is a result of SCoRe [Kumar et al. 2024, arXiv:2409.12917]; this is its pair-SFT baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import REVISED, Filters
from data_gen.methods.samples import (
    AnswerSample,
    SamplingMethod,
    asking_about,
    checked,
    composed_meta,
    distinct,
    instead,
)
from data_gen.source import Source
from lab.core.fields import ModelName, only_with
from lab.core.types import Example, Messages, Plan, Request
from lab.language.wording import retry


class CorrectionTrajectories(SamplingMethod):
    """First attempts, followed by a correction if they were wrong and a confirmation if they were right."""

    default_filters: ClassVar[Filters] = REVISED
    kind: Literal["correction_trajectories"] = "correction_trajectories"
    trajectories: int = Field(4, ge=1)
    """Maximum number of examples per problem."""
    right_share: float = Field(0.5, ge=0, lt=1)
    """Share of the examples whose first attempt is right. A problem without a correction gives no examples.
    """
    target: Literal["sample", "revision"] = "sample"
    """Where the right attempt comes from: another sample that is right, or the model's own second attempt,
    made with the first in its prompt, if it is right.
    """
    layout: Literal["turns", "retry"] = "turns"
    """turns: the first attempt is an assistant message, and a user message asks to check it. retry: a single
    user message, in the words of the strategy `sequential_revision`.
    """
    critique: bool = False
    """Whether a critic writes what is wrong. Otherwise one fixed sentence introduces the right attempt (a
    revision needs none); it is also used if a critique contains an answer that the checker would read
    instead.
    """
    critique_tokens: Annotated[int, only_with("critique")] = Field(96, ge=1)
    """Maximum number of tokens of a critique."""
    model: Annotated[ModelName, only_with("critique")] = ""
    """The critic: one of the stage's `models`; empty: the answering model (SmolLM2-135M finds no mistakes:
    use a larger one).
    """

    def generate(self, source: Source) -> Plan[list[Example]]:
        """Corrections first, then right attempts that are confirmed. `first` in the meta is the verdict on
        the first attempt.

        Raises CompletionError if no first attempt could be generated.
        """
        samples = distinct(s for s in (yield from self.checked(source)) if s.whole and s.text.strip())
        right, wrong = ([s for s in samples if s.correct is side] for side in (True, False))
        fixes = round(self.trajectories * (1 - self.right_share)) or 1
        pairs = yield from self._corrected(source, wrong, right, fixes)
        said = yield from self._critiques(source, [first for first, _ in pairs])
        examples = [
            self._example(source, i, first, then, critique)
            for i, ((first, then), critique) in enumerate(zip(pairs, said, strict=True))
        ]
        for first in self._kept(source, right, len(pairs)):
            examples.append(self._example(source, len(examples), first, first, RIGHT))
        return examples

    def _corrected(
        self, source: Source, wrong: list[AnswerSample], right: list[AnswerSample], most: int
    ) -> Plan[list[tuple[AnswerSample, AnswerSample]]]:
        """Wrong attempts, each with a right one; chosen by the problem's seed, with right ones used
        evenly.
        """
        order = source.random("wrong").sample(wrong, len(wrong))
        if self.target == "revision":
            return (yield from self._revised(source, order))[:most]
        then = source.random("right").sample(right, len(right))
        return [(first, then[i % len(then)]) for i, first in enumerate(order[:most])] if then else []

    def _revised(
        self, source: Source, wrong: list[AnswerSample]
    ) -> Plan[list[tuple[AnswerSample, AnswerSample]]]:
        """The wrong attempts that the model itself corrected when asked to check them."""
        if not wrong:
            return []
        completions = yield [
            Request(
                self._prompt(source, first.text),
                self.sampling(source),
                tag="revise",
                index=self.samples + first.index,
                required=False,
            )
            for first in wrong
        ]
        second = [AnswerSample(f.index, c) for f, c in zip(wrong, completions, strict=True)]
        pairs = zip(wrong, checked(source, second), strict=True)
        return [(f, s) for f, s in pairs if s.whole and s.correct]

    def _critiques(self, source: Source, firsts: Sequence[AnswerSample]) -> Plan[list[str]]:
        """The beginning of each correction: the critic's text, or the fixed sentence if there is none."""
        if not (self.critique and firsts):
            return [self._fixed] * len(firsts)
        sampling = self.sampling(source).but(max_tokens=self.critique_tokens)
        completions = yield [
            Request(
                asking_about(source, first.text, CRITIQUE),
                sampling,
                "verifier",
                tag="critique",
                index=first.index,
                required=False,
                model=self.model,
            )
            for first in firsts
        ]
        return [(c.text.strip() if c.finish_reason == "stop" else "") or self._fixed for c in completions]

    def _kept(self, source: Source, right: list[AnswerSample], corrections: int) -> list[AnswerSample]:
        """As many right attempts as `right_share` requires; a fraction is decided by the problem's seed."""
        wanted = corrections * self.right_share / (1 - self.right_share)
        count = int(wanted) + (source.random("fraction").random() < wanted % 1)
        count = min(count, len(right), max(0, self.trajectories - corrections))
        return source.random("kept").sample(right, count)

    @property
    def _fixed(self) -> str:
        """The beginning of a correction without a critic; the model's own revision needs none."""
        return WRONG if self.target == "sample" else ""

    def _prompt(self, source: Source, first: str) -> Messages:
        if self.layout == "turns":
            return asking_about(source, first, CHECK)
        return instead(source, retry(source.question, [first]))

    def _example(
        self, source: Source, number: int, first: AnswerSample, then: AnswerSample, opening: str
    ) -> Example:
        prompt, fixed = self._prompt(source, first.text), RIGHT if first.correct else self._fixed
        openings = [o for o in (opening, fixed) if o and source.check(f"{o}\n{then.text}").correct]
        text = f"{openings[0]}\n{then.text}" if openings else then.text
        asked = prompt if self.target == "revision" and first is not then else ()
        meta = composed_meta(source, then, number, prompt=prompt, text=text, asked=asked)
        meta |= {"first": "right" if first.correct else "wrong", "first_sample": first.index}
        meta["critique"] = bool(openings) and openings[0] not in (RIGHT, WRONG)
        return Example(source.problem.id, prompt, text, meta)


CHECK = "Check your answer. If it is wrong, solve the problem again; if it is right, repeat it."
CRITIQUE = "The answer above is wrong. Say in one or two sentences what is wrong. Do not solve it again."
WRONG = "That was wrong. Here is the solution again."
RIGHT = "That was right."
