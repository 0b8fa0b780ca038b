"""Common parts of several kinds of stages: sampling, further models, how a corpus is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from data_gen.filters import Filter
from data_gen.methods import Method
from lab.core.component import Component
from lab.core.failures import MAX_FAILED
from lab.core.types import Sampling
from lab.engine import EngineConfig
from lab.tasks import Task


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Marks a field of a stage that says where a model comes from."""


ModelSource = Annotated[str, Field(min_length=1), SourceRef()]
"""Where a model comes from: a built-in name, a local folder, a Hub id, or the name of a train stage."""


class SamplingConfig(Component):
    """How completions are sampled, unless a strategy or task sets something else."""

    temperature: float = Field(default=0.8, ge=0, le=10, allow_inf_nan=False)
    """Sampling temperature; 0 is greedy. A strategy can override it."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus sampling: sample from the smallest set of tokens with this total probability."""
    max_tokens: int = Field(default=256, ge=1)
    """Maximum number of tokens of one completion; a task can override it."""
    stop: tuple[str, ...] = ()
    """Texts at which a completion stops."""

    def sampling(self) -> Sampling:
        """The same as core's Sampling."""
        return Sampling(self.temperature, self.top_p, self.max_tokens, self.stop)


class ModelConfig(Component):
    """A further model of a generate or evaluate stage; components refer to it by its name."""

    model: ModelSource
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    engine: EngineConfig | None = None
    """The engine that runs it; by default the stage's engine. Use `classifier` for a reward model."""


def default_filters(stage: Mapping[str, Any]) -> tuple[Filter, ...]:
    """The filters of a stage that does not list any: those of its method (none if the method is invalid)."""
    method = stage.get("method")
    return () if method is None else tuple(method.default_filters)


class CorpusConfig(Component):
    """The sources of a corpus, the method that makes its examples, and the filters."""

    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    """Sources of the training problems (train split), of documents or of instructions."""
    method: Method
    """How examples are made."""
    filters: tuple[Filter, ...] = Field(default_factory=default_filters)
    """Filters that examples must pass, in this order. By default those that suit the method (`lab list
    methods`); an empty list keeps everything.
    """
    sampling: SamplingConfig = SamplingConfig()
    """How completions are sampled."""
    models: dict[str, ModelConfig] = {}
    """Further models (a teacher, a judge, a reward model), by the names that `model:` fields use."""
    test_tasks: tuple[Task, ...] | None = None
    """Evaluation tasks to measure the overlap with; by default those of the recipe's evaluate stages."""
    engine: EngineConfig | None = None
    """The engine that runs the model; by default the recipe's engine."""
    max_failed: float = Field(default=MAX_FAILED, ge=0, le=1)
    """The largest share of problems, and of completions, that may fail; with more failures the stage stops.
    """
