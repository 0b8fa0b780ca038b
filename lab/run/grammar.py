"""The stages a recipe is made of: what each kind may say, with every default.

`recipe.py` holds the whole; `expand.py` turns the kinds that stand for several stages (`rounds`, training
seeds) into plain ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from lab.core.component import Component
from lab.core.failures import MAX_FAILED
from lab.core.types import Sampling

if TYPE_CHECKING:
    from typing import Any as EngineConfig
    from typing import Any as Filter
    from typing import Any as Method
    from typing import Any as Strategy
    from typing import Any as Task
    from typing import Any as Trainer
else:
    from data_gen.filters import Filter
    from data_gen.methods import Method
    from eval.strategies import Strategy
    from lab.engine import EngineConfig
    from lab.tasks import Task
    from lab.train import Trainer


class SamplingConfig(Component):
    """How completions are drawn, unless a strategy or task says otherwise."""

    temperature: float = Field(default=0.8, ge=0, le=10, allow_inf_nan=False)
    """0 is greedy; a strategy may override it."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus sampling: the smallest set of tokens with this probability."""
    max_tokens: int = Field(default=256, ge=1)
    """Most tokens of one completion; a task may override it."""
    stop: tuple[str, ...] = ()
    """Texts that end a completion."""

    def sampling(self) -> Sampling:
        """The same as the core's Sampling."""
        return Sampling(self.temperature, self.top_p, self.max_tokens, self.stop)


class ModelConfig(Component):
    """A further model of a generate or evaluate stage, which its components ask by its name."""

    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    engine: EngineConfig | None = None
    """By default the stage's engine; `classifier` for a reward model."""


def default_filters(stage: Mapping[str, Any]) -> tuple[Filter, ...]:
    """The filters of a stage that lists none: those of its method (none where the method is a mistake)."""
    return tuple(getattr(stage.get("method"), "default_filters", ()))


class CorpusConfig(Component):
    """What a corpus is made from, how, and what of it is kept."""

    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    """Where the training problems come from (their train split), or documents and other sources."""
    method: Method
    """How examples are made from a problem."""
    filters: tuple[Filter, ...] = Field(default_factory=default_filters)
    """What an example must pass, in this order; by default what suits the method (`lab list methods`); an
    empty list lets everything pass."""
    sampling: SamplingConfig = SamplingConfig()
    """How completions are drawn."""
    models: dict[str, ModelConfig] = {}
    """Further models (a teacher, a judge, a reward model) by the names that `model:` fields use."""
    test_tasks: tuple[Task, ...] | None = None
    """Evaluation tasks the corpus is compared with; by default those of the recipe's evaluate stages."""
    engine: EngineConfig | None = None
    """By default the recipe's engine."""
    max_failed: float = Field(default=MAX_FAILED, ge=0, le=1)
    """The largest share of the problems, and of the completions, that may fail; above it the stage ends."""


class GenerateStage(CorpusConfig):
    """A model makes examples from training problems; what passes the filters becomes a corpus."""

    kind: Literal["generate"] = "generate"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    seed: int | None = Field(default=None, ge=0)
    """By default the recipe's seed."""
    licence: str = ""
    """Licence that you state for the corpus, a Hub id such as cc-by-4.0 or a name; it stands on its card.
    Empty: the card says what is known of the sources and of the model."""
    push_to_hub: str | None = Field(default=None, min_length=1)
    """A dataset id on the Hub to publish the corpus under."""


class TrainStage(Component):
    """A model is trained: on a corpus, or on the problems of tasks whose checker rewards it."""

    kind: Literal["train"] = "train"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of an earlier train stage."""
    data: str | tuple[str, ...] = ()
    """Names of generate stages, or folders with `data/train-*.parquet`; several are trained on together."""
    tasks: tuple[Task, ...] = ()
    """For trainers that draw their own samples (grpo, rloo): where the problems come from (train split)."""
    teacher: str | None = Field(default=None, min_length=1)
    """For distillation: the model to learn from, named as `model` is."""
    method: Trainer
    """How it is trained."""
    seed: int | None = Field(default=None, ge=0)
    """By default the recipe's seed."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Train once for each of these seeds: stages `<name>.s0`, ...; `<name>.*` means all of them."""

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
    """A model answers test problems with every strategy; every token is counted."""

    kind: Literal["evaluate"] = "evaluate"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage; `<name>.*` evaluates each
    model of a stage that makes several (rounds, seeds), as stages `<this name>.1` or `<this name>.s0`."""
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    """Where the problems come from (their test split)."""
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1)]
    """Ways to spend inference-time compute; they share their samples."""
    models: dict[str, ModelConfig] = {}
    """Further models (a verifier, a reward model, a smaller one) by the names that `model:` fields use."""
    split: Literal["test", "dev"] = "test"
    """`dev` to choose by (a prompt, when to stop): its numbers are never reported as results."""
    dev: int = Field(default=64, ge=1)
    """Most problems of each task's dev split that strategies which learn (weights, thresholds) learn from."""
    sampling: SamplingConfig = SamplingConfig()
    """How completions are drawn, unless a strategy says otherwise."""
    engine: EngineConfig | None = None
    """By default the recipe's engine."""
    seed: int | None = Field(default=None, ge=0)
    """By default the recipe's seed."""
    max_failed: float = Field(default=MAX_FAILED, ge=0, le=1)
    """The largest share of a strategy's answers, and of its completions, that may fail; above it the stage
    ends. Fewer are said beside the numbers and widen their intervals."""


class ReportStage(Component):
    """Curves and tables over evaluate stages."""

    kind: Literal["report"] = "report"
    of: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of earlier evaluate stages, in the order they are shown."""


class DevConfig(Component):
    """What a self-training is watched by: never the test problems."""

    tasks: tuple[Task, ...] = ()
    """Whose dev split is answered; by default the tasks the corpus is made from."""
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1, validate_default=True)] = (
        {"kind": "greedy"},
    )
    """The first one's accuracy over all these tasks decides."""
    patience: int = Field(default=1, ge=1)
    """Rounds without a new best dev accuracy after which it stops."""
    min_gain: float = Field(default=0.0, ge=0, lt=1)
    """By how much a round must beat the best so far to count as better."""


class RoundsStage(Component):
    """Self-training: generate with the last round's model, train, look at the dev split, and again.

    Stands for the stages `<name>.<round>.corpus`, `<name>.<round>` (the model) and `<name>.<round>.dev`; all
    corpora and models are kept. `<name>` is the model of the best round on dev, `<name>.*` all of them.
    ReST-EM (Singh et al. 2024, arXiv:2312.06585) is `start: base`; iterated DPO is `start: last`.
    """

    kind: Literal["rounds"] = "rounds"
    model: str = Field(min_length=1)
    """What the first round generates with: a built-in name, a folder, a Hub id, or a train stage."""
    rounds: int = Field(default=3, ge=1, le=50)
    """The most rounds."""
    corpus: CorpusConfig
    """How each round's corpus is made."""
    train: Trainer
    """How each round's model is trained."""
    start: Literal["base", "last"] = "base"
    """What each round trains: the first model again, or the last round's."""
    data: Literal["round", "all"] = "round"
    """Train on the round's own corpus, or on those of all rounds so far."""
    dev: DevConfig | None = DevConfig()
    """How it is watched; null runs every round and takes the last."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Do the whole once for each of these seeds: `<name>.s0.<round>`, ..."""
