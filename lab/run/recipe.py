"""The recipe grammar: an ordered mapping of named stages, each a complete description of one piece of work.

A person writes the sparse YAML; `load` gives the complete `Recipe` with every default filled in, or one
InputError that lists every mistake with its line. `resolved` is what a stage's digest is made of and
`render` the complete YAML of the whole. A stage refers to an earlier one by name and to nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from lab.core.component import Component, members_of
from lab.core.errors import InputError
from lab.core.types import Sampling
from lab.run import overrides as _overrides
from lab.run import yaml_source
from lab.run.messages import Mistake, raise_all, translate

if TYPE_CHECKING:
    from typing import Any as EngineConfig
    from typing import Any as Filter
    from typing import Any as Method
    from typing import Any as Strategy
    from typing import Any as Task
    from typing import Any as Trainer

    from data_gen.filters import DEFAULT_FILTERS
else:
    from data_gen.filters import DEFAULT_FILTERS, Filter
    from data_gen.methods import Method
    from eval.strategies import Strategy
    from lab.engine import EngineConfig
    from lab.tasks import Task
    from lab.train import Trainer

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of recipes and stages become names of folders."""


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


class GenerateStage(Component):
    """A model answers training problems; what passes the filters becomes a corpus."""

    kind: Literal["generate"] = "generate"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    """Where the training problems come from (their train split)."""
    method: Method
    """How examples are made from a problem."""
    filters: tuple[Filter, ...] = DEFAULT_FILTERS
    """What an example must pass, in this order; an empty list lets everything pass."""
    sampling: SamplingConfig = SamplingConfig()
    """How completions are drawn."""
    models: dict[str, ModelConfig] = {}
    """Further models (a teacher, a judge, a reward model) by the names that `model:` fields use."""
    test_tasks: tuple[Task, ...] | None = None
    """Evaluation tasks the corpus is compared with; by default those of the recipe's evaluate stages."""
    engine: EngineConfig | None = None
    """By default the recipe's engine."""
    seed: int | None = Field(default=None, ge=0)
    """By default the recipe's seed."""
    push_to_hub: str | None = Field(default=None, min_length=1)
    """A dataset id on the Hub to publish the corpus under."""


class TrainStage(Component):
    """A model is fine-tuned on a corpus."""

    kind: Literal["train"] = "train"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of an earlier train stage."""
    data: str = Field(min_length=1)
    """The name of a generate stage, or a folder with `data/train-*.parquet`."""
    method: Trainer
    """How it is trained."""
    seed: int | None = Field(default=None, ge=0)
    """By default the recipe's seed."""


class EvaluateStage(Component):
    """A model answers test problems with every strategy; every token is counted."""

    kind: Literal["evaluate"] = "evaluate"
    model: str = Field(min_length=1)
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    """Where the problems come from (their test split)."""
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1)]
    """Ways to spend inference-time compute; they share their samples."""
    models: dict[str, ModelConfig] = {}
    """Further models (a verifier, a reward model, a smaller one) by the names that `model:` fields use."""
    dev: int = Field(default=64, ge=1)
    """Most problems of each task's dev split that strategies which learn (weights, thresholds) learn from."""
    sampling: SamplingConfig = SamplingConfig()
    """How completions are drawn, unless a strategy says otherwise."""
    engine: EngineConfig | None = None
    """By default the recipe's engine."""
    seed: int | None = Field(default=None, ge=0)
    """By default the recipe's seed."""


class ReportStage(Component):
    """Curves and tables over evaluate stages."""

    kind: Literal["report"] = "report"
    of: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of earlier evaluate stages, in the order they are shown."""


Stage = Annotated[GenerateStage | TrainStage | EvaluateStage | ReportStage, Field(discriminator="kind")]


def default_engine() -> Any:
    """The engine of a recipe that names none: vLLM, tuned to the machine."""
    return members_of(EngineConfig)["vllm"]()


class Recipe(Component):
    """A named, ordered set of stages with what they share."""

    name: str
    """Names the run's folder."""
    seed: int = Field(default=0, ge=0)
    """Everything random derives from it."""
    engine: EngineConfig = Field(default_factory=default_engine)
    """What draws completions."""
    stages: Annotated[dict[str, Stage], Field(min_length=1)]
    """Name -> stage, run from top to bottom."""

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a folder; use letters, digits, '.', '_' and '-'")
        return name

    def reads(self, name: str) -> tuple[str, ...]:
        """The earlier stages that stage `name` reads, in a fixed order, each once."""
        stage = self.stages[name]
        wanted: tuple[str, ...]
        match stage:
            case ReportStage():
                wanted = stage.of
            case TrainStage():
                wanted = (stage.model, stage.data)
            case EvaluateStage() | GenerateStage():
                wanted = (stage.model, *(m.model for m in stage.models.values()))
        return tuple(dict.fromkeys(w for w in wanted if w in self.stages))

    def resolved(self, name: str) -> dict[str, Any]:
        """The complete configuration of a stage as plain JSON data, defaults and shared values filled in."""
        stage = self.stages[name]
        changes: dict[str, Any] = {}
        if not isinstance(stage, ReportStage) and stage.seed is None:
            changes["seed"] = self.seed
        if isinstance(stage, GenerateStage | EvaluateStage) and stage.engine is None:
            changes["engine"] = self.engine
        if isinstance(stage, GenerateStage) and stage.test_tasks is None:
            changes["test_tasks"] = self.test_tasks()
        return stage.model_copy(update=changes).model_dump(mode="json")

    def test_tasks(self) -> tuple[Any, ...]:
        """Every different task of the recipe's evaluate stages, in order of appearance."""
        found = [t for s in self.stages.values() if isinstance(s, EvaluateStage) for t in s.tasks]
        return tuple(t for i, t in enumerate(found) if t not in found[:i])


def load(path: Path, overrides: Sequence[str] = (), *, data: bool = False) -> Recipe:
    """The recipe in a YAML file, with `stage.key=value` overrides; InputError lists every mistake.

    `data`: also read the local files of its tasks, so that their mistakes show before anything runs.
    """
    source = yaml_source.read(path)
    _overrides.apply(source, overrides, Recipe)
    return validated(source, data=data)


def loads(text: str, name: str = "recipe", overrides: Sequence[str] = ()) -> Recipe:
    """As `load`, from YAML text; `name` is what messages call it."""
    source = yaml_source.parse(text, name)
    _overrides.apply(source, overrides, Recipe)
    return validated(source)


def validated(source: yaml_source.Source, *, data: bool = False) -> Recipe:
    """The Recipe in a source, or one InputError with every mistake."""
    from lab.run import crosscheck

    if not isinstance(source.data, dict):
        what = "the file is empty" if source.data is None else "expected a mapping with name and stages"
        raise InputError(what, where=source.where(()))
    mistakes: list[Mistake] = list(crosscheck.references(source.data))
    recipe = None
    try:
        recipe = Recipe.model_validate(source.data)
    except ValidationError as error:
        mistakes += translate(error, Recipe, source.data)
    if recipe is not None:
        mistakes += crosscheck.components(recipe)
        if data and not mistakes:
            mistakes += crosscheck.local_data(recipe)
    raise_all(source, mistakes)
    assert recipe is not None
    return recipe


def render(recipe: Recipe) -> str:
    """The complete recipe as YAML, every default written out; `loads` of it gives the same recipe."""
    import yaml

    data = recipe.model_dump(mode="json", exclude={"stages"})
    data["stages"] = {name: recipe.resolved(name) for name in recipe.stages}
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))
