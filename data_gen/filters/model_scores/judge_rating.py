"""Drops examples with a low rating: a language model reads each example and rates it by one digit.

AlpaGasus kept the 9,000 of 52,000 instruction examples that a strong model rated at least 4.5 of 5, and
training on those was better than on all [Chen et al. 2023, arXiv:2307.08701]. The rating is the expected
digit under the judge's probabilities [G-Eval, Liu et al. 2023, arXiv:2303.16634], as a number in [0, 1], with
the prompt of the `rubric` scorer. A small model is not a useful judge (see `preference_pairs`): use a larger
one, and check `found` in this filter's row of audit.json, which shows how right and wrong examples are rated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.filters.model_scores.scored import Threshold, meta_key
from data_gen.source import Source
from lab.core.fields import ModelName
from lab.core.types import Example, Message, Plan, Request, Sampling
from lab.language.wording import DIGITS, RATE_IT, RUBRIC, expected_rating


class JudgeRating(FilterComponent):
    """Keeps examples with a rating of at least `threshold`; the rating is noted in the example's meta."""

    kind: Literal["judge_rating"] = "judge_rating"
    model: ModelName = ""
    """The judge: one of the stage's `models`; empty: the stage's own model."""
    rubric: str = ""
    """What a good example is; empty: the built-in text about correctness."""
    threshold: float = Field(0.5, ge=0, le=1)
    """Minimum rating: (expected digit - 1) / 8, so 0.5 is the middle digit, 5 of 9. Some judges are more
    generous than others.
    """

    @property
    def local(self) -> bool:
        return True

    def annotate(self, source: Source, examples: Sequence[Example]) -> Plan[list[Mapping[str, Any]]]:
        """A rating for each; none if the judge could not be asked."""
        sampling = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=DIGITS)
        asked = RATE_IT.format(rubric=self.rubric or RUBRIC)
        completions = yield [
            Request(_about(e, asked), sampling, "verifier", tag="rate", required=False, model=self.model)
            for e in examples
        ]
        return [{self._key: round(expected_rating(c.choices), 6)} if c.drawn else {} for c in completions]

    def open(self, context: Context) -> Screen:
        """A screen over the recorded ratings."""
        return Threshold(self._key, self.threshold, part=context.part)

    @property
    def _key(self) -> str:
        return meta_key("rating", self.model, self.rubric)


def _about(example: Example, question: str) -> tuple[Message, ...]:
    turns = Message(role="assistant", content=example.completion), Message(role="user", content=question)
    return (*example.prompt, *turns)
