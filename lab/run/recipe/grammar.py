"""The stages a recipe is made of: what each kind may say, with every default.

`recipe.py` holds the whole; `expand.py` turns the kinds that stand for several stages (`rounds`, training
seeds) into plain ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from data_gen.filters import Filter
from data_gen.methods import Method
from eval.strategies import Strategy
from lab.core.component import Component
from lab.core.failures import MAX_FAILED
from lab.core.types import Sampling
from lab.engine import EngineConfig
from lab.tasks import Task
from lab.train import Trainer


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
        """The same as the core's Sampling."""
        return Sampling(self.temperature, self.top_p, self.max_tokens, self.stop)


class ModelConfig(Component):
    """A further model of a generate or evaluate stage; components refer to it by its name."""

    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    engine: EngineConfig | None = None
    """The engine that runs it; by default the stage's engine. Use `classifier` for a reward model."""


def default_filters(stage: Mapping[str, Any]) -> tuple[Filter, ...]:
    """The filters of a stage that lists none: those of its method (none where the method is a mistake)."""
    return tuple(getattr(stage.get("method"), "default_filters", ()))


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


class GenerateStage(CorpusConfig):
    """Makes training examples with a model; those that pass the filters become a corpus."""

    kind: Literal["generate"] = "generate"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    seed: int | None = Field(default=None, ge=0)
    """Seed of the stage; by default the recipe's seed."""
    licence: str = ""
    """Licence that you state for the corpus (a Hub id such as cc-by-4.0, or a name); it is shown on its card.
    Empty: the card lists what is known about the sources and the model.
    """
    push_to_hub: str | None = Field(default=None, min_length=1)
    """Upload the corpus to the Hub as this data set (owner/name)."""


class TrainStage(Component):
    """Trains a model on a corpus, or on tasks whose checker rewards its answers."""

    kind: Literal["train"] = "train"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of an earlier train stage."""
    data: str | tuple[str, ...] = ()
    """Names of generate stages, or folders with `data/train-*.parquet`; several are used together."""
    tasks: tuple[Task, ...] = ()
    """For trainers that draw their own samples (grpo, rloo): sources of the problems (train split)."""
    teacher: str | None = Field(default=None, min_length=1)
    """For distillation: the teacher model, in the same form as `model`."""
    method: Trainer
    """The trainer and its settings."""
    seed: int | None = Field(default=None, ge=0)
    """Seed of the stage; by default the recipe's seed."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Train once for each of these seeds: stages `<name>.s0`, ...; `<name>.*` refers to all of them."""

    @property
    def corpora(self) -> tuple[str, ...]:
        """The `data` as a list."""
        return (self.data,) if isinstance(self.data, str) else self.data

    @model_validator(mode="after")
    def _seeds(self) -> TrainStage:
        if self.seed is not None and self.seeds:
            raise ValueError("give `seed` or `seeds`, not both")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed is listed twice in `seeds`")
        return self


class EvaluateStage(Component):
    """Answers test problems with every strategy and counts every token."""

    kind: Literal["evaluate"] = "evaluate"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage. `<name>.*` evaluates each
    model of a stage that makes several (rounds, seeds), as stages `<this name>.1` or `<this name>.s0`.
    """
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    """Sources of the problems (test split)."""
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1)]
    """Ways of answering; they share their samples where they can."""
    models: dict[str, ModelConfig] = {}
    """Further models (a verifier, a reward model, a smaller one), by the names that `model:` fields use."""
    split: Literal["test", "dev"] = "test"
    """`dev` evaluates on dev problems, to make choices (a prompt, when to stop); its numbers are never
    reported as results.
    """
    dev: int = Field(default=64, ge=1)
    """Maximum number of dev problems per task, for strategies that learn weights or thresholds."""
    sampling: SamplingConfig = SamplingConfig()
    """How completions are sampled, unless a strategy sets something else."""
    engine: EngineConfig | None = None
    """The engine that runs the model; by default the recipe's engine."""
    seed: int | None = Field(default=None, ge=0)
    """Seed of the stage; by default the recipe's seed."""
    max_failed: float = Field(default=MAX_FAILED, ge=0, le=1)
    """The largest share of a strategy's answers, and of its completions, that may fail; with more failures
    the stage stops. Fewer failures are reported and widen the intervals.
    """


class ReportStage(Component):
    """Curves and tables of one or more evaluate stages."""

    kind: Literal["report"] = "report"
    of: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of earlier evaluate stages, in the order in which they are shown."""


class DevConfig(Component):
    """How self-training is monitored; test problems are never used for it."""

    tasks: tuple[Task, ...] = ()
    """Tasks whose dev problems are used; by default the tasks of the corpus."""
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1, validate_default=True)] = (
        {"kind": "greedy"},  # type: ignore[assignment]  # validated into one
    )
    """Strategies to evaluate; the accuracy of the first one over all tasks decides."""
    patience: int = Field(default=1, ge=1)
    """Stop after this many rounds without a new best dev accuracy."""
    min_gain: float = Field(default=0.0, ge=0, lt=1)
    """Minimum gain over the best round so far that counts as better."""


class RoundsStage(Component):
    """Self-training: generate with the model of the last round, train, evaluate on dev problems, repeat.

    Stands for the stages `<name>.<round>.corpus`, `<name>.<round>` (the model) and `<name>.<round>.dev`; all
    corpora and models are kept. `<name>` is the model of the best round on dev, `<name>.*` all of them.
    ReST-EM (Singh et al. 2024, arXiv:2312.06585) is `start: base`; iterated DPO is `start: last`.
    """

    kind: Literal["rounds"] = "rounds"
    model: str = Field(min_length=1)
    """Model of the first round: a built-in name, a folder, a Hub id, or a train stage."""
    rounds: int = Field(default=3, ge=1, le=50)
    """Maximum number of rounds."""
    corpus: CorpusConfig
    """How the corpus of each round is made."""
    train: Trainer
    """How the model of each round is trained."""
    start: Literal["base", "last"] = "base"
    """The model that each round trains: the first model again, or that of the last round."""
    data: Literal["round", "all"] = "round"
    """Train on the corpus of this round only, or on those of all rounds so far."""
    dev: DevConfig | None = DevConfig()
    """How the rounds are monitored; null runs all rounds and uses the last."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Repeat all rounds for each of these seeds: `<name>.s0.<round>`, ..."""
