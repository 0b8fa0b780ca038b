"""The base of the kinds of stages: a component that defines everything particular to a kind.

Its fields are those of a recipe. Its methods define what it refers to and reads, its plain stages, its
possible mistakes, its line in `lab check`, its cost, its files, and how it runs. The rest of the lab treats
all kinds alike. To add a kind, add a file here with a `StageKind`, and a line in the registry.
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
from lab.run.stages.loop import Loop
from lab.run.stages.parts import ModelConfig, SourceRef

if TYPE_CHECKING:
    from lab.engine import EngineConfig
    from lab.run.cost.estimate import CostBasis, StageEstimate
    from lab.run.stages.context import StageContext
    from lab.system.machine import Machine


class RecipeView(Protocol):
    """What a stage may ask of its recipe."""

    @property
    def engine(self) -> Any:
        """The engine of stages without their own."""
        ...

    @property
    def cluster(self) -> Any:
        """Where stages run."""
        ...

    @property
    def stages(self) -> Mapping[str, StageKind]:
        """Every stage by name, in order."""
        ...

    def engine_of(self, stage: StageKind) -> EngineConfig:
        """The engine that generates a stage's completions here, without "auto"."""
        ...

    def test_tasks(self) -> tuple[Any, ...]:
        """All distinct tasks that the recipe tests on."""
        ...


@dataclass(frozen=True, slots=True)
class Expansion:
    """The plain stages of a written one, and the origin of each."""

    stages: dict[str, StageKind]
    origins: dict[str, Origin]
    each: tuple[str, ...]
    """The plain stages that `<name>.*`, or a report on the stage, refers to."""
    loops: tuple[Loop, ...] = ()


class StageKind(Component):
    """Base of the kinds of stages. A subclass has a field `kind` and overrides what is particular to it."""

    if TYPE_CHECKING:  # a field of each kind, at its own position

        @property
        def kind(self) -> str:
            """Its name in recipes."""

    draws: ClassVar[bool] = False
    """Whether it generates completions, with its own engine or that of the recipe."""
    each_model: ClassVar[bool] = False
    """Whether its `model` may refer to all models of a stage that makes several (`<name>.*`)."""
    products: ClassVar[Products]
    """The files that it writes."""
    report_page: ClassVar[str] = ""
    """The page of the report that it writes; "" if it writes none."""
    free_space: ClassVar[int] = 0
    """The free disk space that it needs, as a multiple of its model's weights."""

    # The recipe's raw data, which may be wrong anywhere.

    @classmethod
    def names_given(cls, name: str, data: Mapping[str, Any]) -> NamesGiven:
        """The names that other stages can refer to, from its raw data."""
        return NamesGiven({name: data.get("kind")})

    @classmethod
    def references(
        cls, data: Mapping[str, Any], path: Path, names: StageNames, engine: Any
    ) -> Iterator[Mistake]:
        """Mistakes in its references, from its raw data; `engine` is the recipe's."""
        behind = cls.draws and references.is_server(data.get("engine"), engine)
        for key, _ in marks(cls, SourceRef):
            if isinstance(model := data.get(key), str):
                each = cls.each_model and key == "model"
                fault = references.model_fault(model, names, each=each, behind_server=behind)
                yield from references.at((*path, key), fault)
        yield from references.further_models(data, path, names, engine)

    def mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """Mistakes that types cannot express: parts that do not fit each other, or other stages."""
        return iter(())

    def local_problems(self) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
        """(path in the stage, task, splits) of the problems that it will read, to check local files before a
        run.
        """
        return iter(())

    def expanded(
        self, name: str, each: Mapping[str, Sequence[str]], origins: Mapping[str, Origin]
    ) -> Expansion:
        """Its plain stages; `each` and `origins` are those of the stages above it."""
        return Expansion({name: self}, {name: Origin(name)}, (name,))

    # The inputs of a plain stage.

    @property
    def base_model(self) -> str | None:
        """Its model; None if it has none."""
        return None

    @property
    def own_engine(self) -> Any:
        """Its own engine; None if it uses that of the recipe."""
        return None

    @property
    def starts_from(self) -> str | None:
        """The model from which the one that it makes is trained; None if it makes none."""
        return None

    @property
    def makes(self) -> str:
        """The kind of model that it makes: "policy" answers questions; "" if it makes none."""
        return ""

    @property
    def corpus_shape(self) -> str:
        """The shape of the corpus that it makes; "" if it makes none."""
        return ""

    @property
    def on_dev(self) -> bool:
        """Whether its numbers are on dev problems, which are never reported as results."""
        return False

    def problem_sources(self) -> tuple[Any, ...]:
        """The tasks whose problems it uses."""
        return ()

    def learned_tasks(self) -> tuple[Any, ...]:
        """The tasks whose train problems a model learns."""
        return ()

    def tested_tasks(self) -> tuple[Any, ...]:
        """The tasks for whose test problems it reports results."""
        return ()

    def learned_from(self) -> tuple[str, ...]:
        """Its model and its data: stages, models or folders that may be based on training problems."""
        return () if self.base_model is None else (self.base_model,)

    def refers_to(self) -> tuple[str, ...]:
        """Every name that it refers to: stages, or models and folders outside the recipe."""
        return ()

    def reads(self, above: Mapping[str, StageKind]) -> tuple[str, ...]:
        """The stages above it that it reads, in a fixed order, each once."""
        return tuple(dict.fromkeys(name for name in self.refers_to() if name in above))

    def settled(self, models: Mapping[str, str], gone: set[str]) -> Self | None:
        """The stage with the chosen models of self-trainings, without the stages that are `gone`; None if
        nothing is left of it.
        """
        names = {key: getattr(self, key) for key, _ in marks(type(self), SourceRef)}
        changes = {key: models[name] for key, name in names.items() if name in models}
        return self.model_copy(update=changes) if changes else self

    def resolved(self, recipe: RecipeView, seed: int) -> Self:
        """The complete stage, with the recipe's settings; `seed` is the recipe's."""
        return self

    def further_models(self, recipe: RecipeView) -> dict[str, tuple[str, Any]]:
        """Name -> (model, its engine or None) of the models that it loads besides its own."""
        return {}

    def file_readers(self) -> Iterator[Component]:
        """Its parts that may read local files, which are part of its digest."""
        yield from self.problem_sources()

    def data_folders(self) -> tuple[str, ...]:
        """Stages or folders with the corpora on which it is trained."""
        return ()

    # Its work.

    def line(self, recipe: RecipeView) -> str:
        """Its work in one line."""
        raise NotImplementedError

    def estimate(self, name: str, recipe: RecipeView, basis: CostBasis) -> StageEstimate:
        """Its estimated cost. Raises InputError if a task's data is wrong."""
        raise NotImplementedError

    def light(self, recipe: RecipeView) -> bool:
        """Whether it loads no model into its process, which can then be used for the next stage."""
        return False

    def run(self, context: StageContext) -> None:
        """Runs it, in its own process."""
        raise NotImplementedError

    # Its results.

    @classmethod
    def dtype(cls, config: Mapping[str, Any], machine: Machine) -> str | None:
        """The number format in which it computes on this machine; None if it computes nothing here."""
        return None

    @classmethod
    def outcome(cls, folder: File, manifest: Mapping[str, Any], earlier: Mapping[str, File]) -> str:
        """Its result in one line, from its files, which may be damaged or from an older version."""
        return ""


def trained_from(stages: Mapping[str, StageKind]) -> dict[str, str]:
    """Train stage -> the model it starts from."""
    return {name: base for name, stage in stages.items() if (base := stage.starts_from) is not None}


def task_line(tasks: Iterable[Any]) -> str:
    """Tasks with their limits, in one line."""
    return ", ".join(f"{task.label} ({task.limit})" if task.limit else str(task.label) for task in tasks)


def renamed(models: Mapping[str, ModelConfig], chosen: Mapping[str, str]) -> dict[str, ModelConfig] | None:
    """Further models with the chosen ones of self-trainings; None if nothing changes."""
    if not any(model.model in chosen for model in models.values()):
        return None
    return {
        name: model.model_copy(update={"model": chosen.get(model.model, model.model)})
        for name, model in models.items()
    }
