"""What a kind of stage is: one component that says all that is particular to it.

Its fields are what a recipe may write. Its methods say what it refers to and reads, which stages it stands
for, which mistakes it can have, its line in `lab check`, what it costs, which files it leaves, and how it
runs. Everything else in the lab treats all kinds alike. To add a kind: a file here with a `StageKind`, and a
line in the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from lab.core.component import Component
from lab.core.fields import marks
from lab.run.check import references
from lab.run.check.names import NamesGiven, StageNames
from lab.run.folders.layout import Products
from lab.run.folders.lineage import Origin
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path
from lab.run.stages.parts import ModelConfig, SourceRef

if TYPE_CHECKING:
    from lab.engine import EngineConfig
    from lab.run.cost.estimate import CostBasis, StageEstimate
    from lab.run.stages.context import StageContext
    from lab.system.machine import Machine


RawStage = Mapping[str, Any]
"""A stage as it is written, which may be wrong anywhere."""
Each = Mapping[str, Sequence[str]]
"""Stage -> the plain stages that are meant where all of them are."""
Origins = Mapping[str, Origin]
"""Plain stage -> where it comes from."""


class RecipeView(Protocol):
    """What a stage may ask of the recipe that it is in."""

    @property
    def engine(self) -> Any:
        """The engine of stages that name none."""
        ...

    @property
    def stages(self) -> Mapping[str, StageKind]:
        """Every stage by name, in order."""
        ...

    def engine_of(self, stage: StageKind) -> EngineConfig:
        """The engine that draws a stage's completions here: nothing in it is "auto"."""
        ...

    def test_tasks(self) -> tuple[Any, ...]:
        """Every different task that the recipe tests on."""
        ...


@dataclass(frozen=True, slots=True)
class Loop:
    """One self-training: the name its outcome has, and its rounds as (corpus, model, dev) stage names."""

    name: str
    rounds: tuple[tuple[str, str, str], ...]
    first_dev: str
    patience: int
    min_gain: float

    def decide(self, dev: Mapping[str, float]) -> tuple[str, bool]:
        """(the model to go on with, whether it is over), from the dev accuracies so far by stage name.

        The best round so far, the earlier one where they are equal; over after `patience` rounds without a
        new best, which also has to beat the untrained model.
        """
        best, best_round, since = dev.get(self.first_dev, -1.0), -1, 0
        seen = [(i, dev[stage]) for i, (_, _, stage) in enumerate(self.rounds) if stage in dev]
        for i, accuracy in seen:
            better = accuracy > best + self.min_gain
            best, best_round, since = (accuracy, i, 0) if better else (best, best_round, since + 1)
        if best_round < 0 and seen:
            best_round = max(seen, key=lambda pair: (pair[1], -pair[0]))[0]
        over = since >= self.patience or len(seen) == len(self.rounds)
        return self.rounds[best_round][1], over

    def after(self, dev: str) -> set[str]:
        """The stages of the rounds after the one with this dev stage."""
        number = [stage for _, _, stage in self.rounds].index(dev)
        return {name for later in self.rounds[number + 1 :] for name in later if name}


@dataclass(frozen=True, slots=True)
class Expansion:
    """The plain stages that a written one stands for, and where each comes from."""

    stages: dict[str, StageKind]
    origins: dict[str, Origin]
    each: tuple[str, ...]
    """The plain stages meant where all of them are: by `<name>.*`, and by a report of it."""
    loops: tuple[Loop, ...] = ()


class StageKind(Component):
    """Base of the kinds of stages; a subclass has a field `kind` and overrides what is particular to it."""

    if TYPE_CHECKING:  # a field of each kind, at its own place

        @property
        def kind(self) -> str:
            """Its name in recipes."""

    draws: ClassVar[bool] = False
    """Whether it draws completions, with an engine of its own or that of the recipe."""
    each_model: ClassVar[bool] = False
    """Whether its `model` may be all models of a stage that makes several (`<name>.*`)."""
    products: ClassVar[Products]
    """The files it leaves."""
    page: ClassVar[str] = ""
    """The file of it that a person opens; "" if there is none."""
    free_space: ClassVar[int] = 0
    """Free disk space that it needs, as a multiple of its model's weights."""

    # The recipe as it is written, which may be wrong anywhere.

    @classmethod
    def names_given(cls, name: str, data: Mapping[str, Any]) -> NamesGiven:
        """The names that other stages can refer to, by its raw data."""
        return NamesGiven({name: data.get("kind")})

    @classmethod
    def references(
        cls, data: Mapping[str, Any], path: Path, names: StageNames, engine: Any
    ) -> Iterator[Mistake]:
        """Mistakes in the names it refers to, by its raw data; `engine` is the recipe's."""
        behind = cls.draws and references.is_server(data.get("engine"), engine)
        for key, _ in marks(cls, SourceRef):
            if isinstance(model := data.get(key), str):
                each = cls.each_model and key == "model"
                fault = references.model_fault(model, names, each=each, behind_server=behind)
                yield from references.at((*path, key), fault)
        yield from references.further_models(data, path, names, engine)

    def mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """What types cannot tell: parts that do not fit each other, or other stages."""
        return iter(())

    def local_problems(self) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
        """(path in the stage, task, splits) of the problems it will read, to look at local files before."""
        return iter(())

    def expanded(
        self, name: str, each: Mapping[str, Sequence[str]], origins: Mapping[str, Origin]
    ) -> Expansion:
        """The plain stages it stands for; `each` and `origins` are those of the stages above it."""
        return Expansion({name: self}, {name: Origin(name)}, (name,))

    # What a plain stage reads.

    @property
    def base_model(self) -> str | None:
        """The model it works with; None if it works with none."""
        return None

    @property
    def own_engine(self) -> Any:
        """The engine that it names; None where it has that of the recipe."""
        return None

    @property
    def starts_from(self) -> str | None:
        """The model that the one it makes is trained from; None if it makes none."""
        return None

    @property
    def makes(self) -> str:
        """What the model it makes is for: "policy" answers questions; "" if it makes none."""
        return ""

    @property
    def corpus_shape(self) -> str:
        """The shape of the corpus it makes; "" if it makes none."""
        return ""

    @property
    def on_dev(self) -> bool:
        """Whether its numbers are on dev problems, which are never reported as results."""
        return False

    def problem_sources(self) -> tuple[Any, ...]:
        """The tasks whose problems it works on."""
        return ()

    def learned_tasks(self) -> tuple[Any, ...]:
        """Those whose train problems a model learns from."""
        return ()

    def tested_tasks(self) -> tuple[Any, ...]:
        """Those whose test problems its numbers are results on."""
        return ()

    def learned_from(self) -> tuple[str, ...]:
        """Its model and its data: stages, models or folders that training problems may be behind."""
        return () if self.base_model is None else (self.base_model,)

    def refers_to(self) -> tuple[str, ...]:
        """Every name it refers to: stages, or models and folders from outside."""
        return ()

    def reads(self, above: Mapping[str, StageKind]) -> tuple[str, ...]:
        """The stages above it that it reads, in a fixed order, each once."""
        return tuple(dict.fromkeys(name for name in self.refers_to() if name in above))

    def settled(self, models: Mapping[str, str], gone: set[str]) -> Self | None:
        """The stage with the models that self-trainings stand for, without the stages that are `gone`; None
        if nothing is left of it."""
        names = {key: getattr(self, key) for key, _ in marks(type(self), SourceRef)}
        changes = {key: models[name] for key, name in names.items() if name in models}
        return self.model_copy(update=changes) if changes else self

    def resolved(self, recipe: RecipeView, seed: int) -> Self:
        """The complete stage, with what it has from the recipe filled in; `seed` is the recipe's."""
        return self

    def further_models(self, recipe: RecipeView) -> dict[str, tuple[str, Any]]:
        """Name -> (model, its engine or None) of the models that it loads beside its own."""
        return {}

    def file_readers(self) -> Iterator[Component]:
        """Its parts, as far as they may read local files, which its digest covers."""
        yield from self.problem_sources()

    def data_folders(self) -> tuple[str, ...]:
        """Stages or folders with the corpora that it is trained on."""
        return ()

    # What it does.

    def line(self, recipe: RecipeView) -> str:
        """What it will do, in one line."""
        raise NotImplementedError

    def estimate(self, name: str, recipe: RecipeView, basis: CostBasis) -> StageEstimate:
        """What it will cost. Raises InputError where a task's data is wrong."""
        raise NotImplementedError

    def light(self, recipe: RecipeView) -> bool:
        """Whether it loads no model into its process, which can then stay for the next stage."""
        return False

    def run(self, context: StageContext) -> None:
        """Do it, in a process of its own."""
        raise NotImplementedError

    # What it has left.

    @classmethod
    def dtype(cls, config: Mapping[str, Any], machine: Machine) -> str | None:
        """The type of number that it computes in on this machine; None if it computes nothing here."""
        return None

    @classmethod
    def outcome(cls, folder: File, manifest: Mapping[str, Any], earlier: Mapping[str, File]) -> str:
        """What it came to, in one line, from its files; any of them may be damaged or of an older version."""
        return ""


def trained_from(stages: Mapping[str, StageKind]) -> dict[str, str]:
    """Train stage -> the model it starts from."""
    return {name: base for name, stage in stages.items() if (base := stage.starts_from) is not None}


def task_line(tasks: Iterable[Any]) -> str:
    """Tasks with their limits, in one line."""
    return ", ".join(f"{task.label} ({task.limit})" if task.limit else str(task.label) for task in tasks)


def renamed(models: Mapping[str, ModelConfig], chosen: Mapping[str, str]) -> dict[str, ModelConfig] | None:
    """Further models with those that self-trainings stand for put in; None for no change."""
    if not any(model.model in chosen for model in models.values()):
        return None
    return {
        name: model.model_copy(update={"model": chosen.get(model.model, model.model)})
        for name, model in models.items()
    }
