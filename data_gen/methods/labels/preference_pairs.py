"""Preference pairs: a better and a worse answer to the same problem, as DPO learns from.

The better answer is the right one by the task's checker [iterative reasoning preference optimisation, Pang et
al. 2024, arXiv:2404.19733], or the one with the higher score, which is the model's own mean log-probability
or the rating of a judge [self-rewarding models, Yuan et al. 2024, arXiv:2401.10020]. DPO easily learns that
longer (or shorter) is better [Park et al. 2024, arXiv:2403.19159], so only answers of similar length are
paired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import LABELLED, Filters
from data_gen.methods.samples import AnswerSample, SamplingMethod, asking_about, checked, distinct
from data_gen.source import Source
from lab.core.fields import ModelName, only_with
from lab.core.types import Example, Plan, Request, Sampling
from lab.errors import NumbersError
from lab.formats.corpus import Shape
from lab.language.wording import DIGITS, RATE_IT, RUBRIC, expected_rating


class PreferencePairs(SamplingMethod):
    """Up to `pairs` pairs of a better and a worse answer per problem, from answers that were not cut off."""

    default_filters: ClassVar[Filters] = LABELLED
    kind: Literal["preference_pairs"] = "preference_pairs"
    shape: ClassVar[Shape] = "preference"
    by: Literal["verdict", "logprob", "rating"] = "verdict"
    """What makes one answer better: the checker's verdict, a higher mean log-probability of its tokens, or a
    higher rating by the judge `model` (the expected digit from 1 to 9, scaled to [0, 1]).
    """
    pairs: int = Field(2, ge=1)
    """Maximum number of pairs per problem."""
    max_length_ratio: float = Field(2.0, ge=1)
    """Maximum ratio between the token counts of the longer and the shorter answer."""
    min_margin: Annotated[float, only_with("by", "logprob", "rating")] = Field(0.0, ge=0)
    """Minimum difference between the two scores; only for scores."""
    model: Annotated[ModelName, only_with("by", "rating")] = ""
    """The judge: one of the stage's `models`; empty: the answering model. SmolLM2-135M is not a useful judge:
    of 96 answers it preferred (gcd, chain_sum) 14 % were right, of all answers 13 %.
    """
    rubric: Annotated[str, only_with("by", "rating")] = ""
    """What a good answer is, for the judge; empty: the built-in text about correctness."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The pairs, the least used answers first, then the largest margin and the most similar lengths.

        The meta has both samples' scores, margin and length ratio. Raises CompletionError if none could be
        generated.
        """
        samples = yield from self.draw(source, logprobs=self.by == "logprob")
        whole = distinct(s for s in samples if s.whole)
        scores = yield from self._scores(source, whole)
        chosen = chosen_pairs(self._pairs(whole, scores), self.pairs)
        return [self._example(source, number, pair) for number, pair in enumerate(chosen)]

    def _scores(self, source: Source, samples: Sequence[AnswerSample]) -> Plan[list[float | None]]:
        """The score of each answer; None if it is unknown."""
        if self.by == "verdict":
            verdicts = (s.correct for s in checked(source, samples))
            return [None if correct is None else float(correct) for correct in verdicts]
        if self.by == "logprob":
            return [_mean_logprob(s) for s in samples]
        sampling = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=DIGITS)
        asked = RATE_IT.format(rubric=self.rubric or RUBRIC)
        completions = yield [
            Request(
                asking_about(source, s.text, asked),
                sampling,
                "verifier",
                tag="judge",
                required=False,
                model=self.model,
            )
            for s in samples
        ]
        return [expected_rating(c.choices) if c.drawn else None for c in completions]

    def _pairs(self, samples: Sequence[AnswerSample], scores: Sequence[float | None]) -> list[PreferencePair]:
        scored = [(s, score) for s, score in zip(samples, scores, strict=True) if score is not None]
        every = [PreferencePair(a, b, x - y) for a, x in scored for b, y in scored if x > y]
        least = 0.0 if self.by == "verdict" else self.min_margin
        return [p for p in every if p.margin >= least and p.ratio <= self.max_length_ratio]

    def _example(self, source: Source, number: int, pair: PreferencePair) -> Example:
        better, worse = pair.better, pair.worse
        meta = better.meta(number) | {
            "by": self.by,
            "margin": round(pair.margin, 6),
            "rejected_sample": worse.index,
            "rejected_tokens": worse.tokens,
            "length_ratio": round(better.tokens / max(1, worse.tokens), 4),
        }
        problem = source.problem
        return Example(problem.id, problem.messages, better.text, meta, rejected=worse.text)


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """A better and a worse answer, and the difference of their scores."""

    better: AnswerSample
    worse: AnswerSample
    margin: float

    @property
    def ratio(self) -> float:
        """Tokens of the longer one over those of the shorter, at least 1."""
        low, high = sorted((self.better.tokens, self.worse.tokens))
        return max(1, high) / max(1, low)


def chosen_pairs(pairs: Sequence[PreferencePair], most: int) -> list[PreferencePair]:
    """Up to `most` pairs, one after the other: each time the one whose answers were used least."""
    left = sorted(pairs, key=lambda p: (-p.margin, p.ratio, p.better.index, p.worse.index))
    used: Counter[int] = Counter()
    chosen: list[PreferencePair] = []
    while left and len(chosen) < most:
        pick = min(left, key=lambda p: used[p.better.index] + used[p.worse.index])
        left.remove(pick)
        chosen.append(pick)
        used.update((pick.better.index, pick.worse.index))
    return chosen


def _mean_logprob(sample: AnswerSample) -> float | None:
    """Raises NumbersError if the engine returned no log-probabilities."""
    numbers = sample.completion.logprobs
    if (sample.tokens and not numbers) or not all(map(isfinite, numbers)):
        raise NumbersError(
            "the engine returned no log-probabilities of the tokens, which `by: logprob` needs"
        )
    return sum(numbers) / len(numbers) if numbers else None
