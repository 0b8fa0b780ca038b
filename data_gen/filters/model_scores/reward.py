"""Drops examples with a low reward: a sequence classifier reads the question and the answer.

Llama 2's training data were made by best-of-n rejection sampling with a reward model [Touvron et al. 2023,
arXiv:2307.09288]; with a threshold no second sample is needed. The model is one of the stage's `models` with
an engine of kind `classifier`, as for the scorer `reward_model`; it can be one that the lab has trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.filters.model_scores.scored import Threshold, meta_key
from data_gen.source import Source
from lab.core.fields import RewardModelName
from lab.core.types import Example, Plan
from lab.language.judging import label_probability, reward_request


class RewardFilter(FilterComponent):
    """Keeps examples whose reward is at least `threshold`; the probability is noted in the example's meta."""

    kind: Literal["reward"] = "reward"
    model: RewardModelName = ""
    """The reward model: one of the stage's `models`, with `engine: {kind: classifier}`."""
    label_index: int = Field(0, ge=0)
    """Label whose probability is used: 0 for a model with one output, often 1 for a model with two."""
    threshold: float = Field(0.5, ge=0, le=1)
    """Minimum probability."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error if no reward model is named."""
        if not self.model:
            yield (
                "model",
                "name one of the stage's `models`: a model that generates text cannot be a reward model",
            )

    @property
    def local(self) -> bool:
        return True

    def annotate(self, source: Source, examples: Sequence[Example]) -> Plan[list[Mapping[str, Any]]]:
        """A probability for each; none if it could not be computed."""
        completions = yield [reward_request(e.prompt, e.completion, self.model) for e in examples]
        found = [label_probability(completion, self.label_index) for completion in completions]
        return [{} if value is None else {self._key: round(value, 6)} for value in found]

    def open(self, context: Context) -> Screen:
        """A screen over the recorded probabilities."""
        return Threshold(self._key, self.threshold, part=context.part)

    @property
    def _key(self) -> str:
        return meta_key("reward", self.model, str(self.label_index or ""))
