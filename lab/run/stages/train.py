"""The train stage: trains a model on corpora, or on tasks whose checker rewards it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as File
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lab.core.component import Component
from lab.formats import ledger
from lab.formats.training import METRICS, RECORD
from lab.run.check import compatibility, references
from lab.run.check.components import labels
from lab.run.check.names import NamesGiven, StageNames, listed
from lab.run.cost.efficiency import training_dtype
from lab.run.cost.estimate import CostBasis, StageEstimate
from lab.run.folders.layout import Products
from lab.run.folders.lineage import Origin
from lab.run.folders.outcome import training_line
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path
from lab.run.stages.base import Expansion, RecipeView, StageKind, task_line
from lab.run.stages.context import StageContext
from lab.run.stages.parts import ModelSource
from lab.system.machine import Machine
from lab.tasks import Task
from lab.train import Trainer

if TYPE_CHECKING:
    from lab.core.protocols import Weights


class TrainStage(StageKind):
    """Trains a model on a corpus, or on tasks whose checker rewards its answers."""

    products: ClassVar[Products] = Products(("model/*", ledger.FILE), (METRICS, RECORD))
    free_space: ClassVar[int] = 5  # the model, two numbers per weight of the optimiser, a checkpoint

    kind: Literal["train"] = "train"
    model: ModelSource
    """A built-in name, a local folder, a Hub id, or the name of an earlier train stage."""
    data: str | tuple[str, ...] = ()
    """Names of generate stages, or folders with `data/train-*.parquet`; several are used together."""
    tasks: tuple[Task, ...] = ()
    """For trainers that generate their own samples (grpo, rloo): sources of the problems (train split)."""
    teacher: ModelSource | None = None
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

    @classmethod
    def names_given(cls, name: str, data: Mapping[str, Any]) -> NamesGiven:
        """Its own name, and one for each seed."""
        each = [f"{name}.s{seed}" for seed in listed(data, "seeds")]
        return NamesGiven(dict.fromkeys((name, *each), "train"), ambiguous=bool(each))

    @classmethod
    def references(
        cls, data: Mapping[str, Any], path: Path, names: StageNames, engine: Any
    ) -> Iterator[Mistake]:
        """Its models and its data."""
        yield from super().references(data, path, names, engine)
        yield from references.corpora(data.get("data"), (*path, "data"), names)

    def mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """The needs of the trainer, compared with its inputs."""
        yield from labels((*path, "tasks"), self.tasks)
        given = (self.corpora, self.tasks, self.teacher)
        shapes = compatibility.shapes(self.corpora, recipe.stages)
        yield from compatibility.training(self.method, *given, shapes, path)

    def local_problems(self) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
        """The train problems of its tasks."""
        yield from ((("tasks", i), task, ("train",)) for i, task in enumerate(self.tasks))

    def expanded(
        self, name: str, each: Mapping[str, Sequence[str]], origins: Mapping[str, Origin]
    ) -> Expansion:
        """One stage for each seed."""
        if not self.seeds:
            return super().expanded(name, each, origins)
        own = {f"{name}.s{seed}": seed for seed in self.seeds}
        stages = {n: self.model_copy(update={"seed": seed, "seeds": ()}) for n, seed in own.items()}
        return Expansion(dict(stages), {n: Origin(name, seed) for n, seed in own.items()}, tuple(own))

    @property
    def base_model(self) -> str | None:
        """Its `model`."""
        return self.model

    @property
    def starts_from(self) -> str | None:
        """Its `model`."""
        return self.model

    @property
    def makes(self) -> str:
        """What its trainer makes."""
        return str(self.method.makes)

    def problem_sources(self) -> tuple[Any, ...]:
        """Its `tasks`."""
        return self.tasks

    def learned_tasks(self) -> tuple[Any, ...]:
        """Its `tasks`."""
        return self.tasks

    def learned_from(self) -> tuple[str, ...]:
        """Its model and its data."""
        return (self.model, *self.corpora)

    def refers_to(self) -> tuple[str, ...]:
        """Its model, its data and its teacher."""
        return tuple(dict.fromkeys((self.model, *self.corpora, *([self.teacher] if self.teacher else []))))

    def resolved(self, recipe: RecipeView, seed: int) -> Self:
        """With its seed."""
        own = self.seed is not None or self.seeds
        return self if own else self.model_copy(update={"seed": seed})

    def further_models(self, recipe: RecipeView) -> dict[str, tuple[str, Any]]:
        """Its teacher, which is not run by an engine."""
        return {"teacher": (self.teacher, None)} if self.teacher else {}

    def file_readers(self) -> Iterator[Component]:
        """Its tasks and its trainer."""
        yield from (*self.tasks, self.method)

    def data_folders(self) -> tuple[str, ...]:
        """Its `data`."""
        return self.corpora

    def line(self, recipe: RecipeView) -> str:
        """Model, data or tasks, trainer and teacher."""
        source = ", ".join(self.corpora) or task_line(self.tasks)
        taught = f", taught by {self.teacher}" if self.teacher else ""
        return f"train {self.model} on {source} with {self.method.kind}{taught}"

    def estimate(self, name: str, recipe: RecipeView, basis: CostBasis) -> StageEstimate:
        """From its data, or from the samples that it will generate."""
        from lab.run.cost import stage_costs

        if self.tasks:
            return stage_costs.online_training(name, self.model, self.method, self.tasks, basis)
        return stage_costs.training(name, self.model, self.method, self.corpora, basis)

    def run(self, context: StageContext) -> None:
        """Writes the model, its metrics and its ledger; continues from the last complete checkpoint."""
        from lab.models import flops_model
        from lab.run.stages.one_corpus import as_one
        from lab.tasks.rewards import reward_spec
        from lab.train import TrainInputs

        folders = [context.inputs.get(name) or File(name).expanduser() for name in self.corpora]
        teacher: Weights | None = context.others.get("teacher")
        inputs = TrainInputs(
            context.weights,
            corpus=as_one(folders, context.out / "corpora") if folders else None,
            teacher=teacher,
            reward=reward_spec(self.tasks, context.seed) if self.tasks else None,
        )
        flops = flops_model(context.weights)
        self.method.train(inputs, out=context.out, seed=context.seed, flops=flops, progress=context.progress)

    @classmethod
    def dtype(cls, config: Mapping[str, Any], machine: Machine) -> str | None:
        """The number format of its trainer."""
        return training_dtype((config.get("method") or {}).get("args") or {}, machine)

    @classmethod
    def outcome(cls, folder: File, manifest: Mapping[str, Any], earlier: Mapping[str, File]) -> str:
        """The change of its loss or reward."""
        return training_line(folder)
