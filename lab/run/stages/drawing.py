"""The common code of stages that generate completions: engines, bank, budgets, cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lab.core.bank.cluster.layered import open_bank
from lab.core.bank.samples import CompletionStore
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend
from lab.core.protocols import Engine, Weights
from lab.core.scheduling.split import SplitWork
from lab.engine.auto import settle
from lab.errors import InputError
from lab.formats.manifest import add_notes
from lab.run.cost import stage_costs
from lab.run.cost.demand import LIKELY, Demand
from lab.run.cost.efficiency import engine_dtype
from lab.run.cost.estimate import CostBasis, StageEstimate
from lab.run.cost.known_model import known_model
from lab.run.cost.rates import Work, rate_for
from lab.run.stages.base import RecipeView, StageKind, renamed
from lab.run.stages.context import BANK, StageContext
from lab.run.stages.parts import ModelConfig, SamplingConfig
from lab.system.machine import Machine


class DrawingStage(StageKind):
    """A stage that generates completions; a subclass defines which (`demand`)."""

    draws: ClassVar[bool] = True
    counts: ClassVar[str] = "problems"
    """What its progress counts."""

    if TYPE_CHECKING:  # fields of each kind
        model: str
        models: dict[str, ModelConfig]
        tasks: tuple[Any, ...]
        sampling: SamplingConfig
        engine: Any
        seed: int | None

    def demand(self, likely: float = LIKELY) -> Demand:
        """Its requests to its engine; `likely` is the expected share of `max_tokens`."""
        raise NotImplementedError

    def work(self, context: StageContext, sizes: Mapping[str, FlopsModel]) -> SplitWork[Any, Any]:
        """Its work, in pieces that several processes can do.

        `sizes`: the FLOPs of its own model ("") and of its further `models`; empty in a process that runs no
        jobs, but only hands out the problems and puts the parts together. `learn` must have been called.
        Raises InputError if a task or a component is wrong, StageError if what was learned cannot be read.
        """
        raise NotImplementedError

    @property
    def learns(self) -> bool:
        """Whether one process must call `learn` before the work is split."""
        return False

    def learn(self, context: StageContext, parts: OpenEngines) -> None:
        """Runs what comes before the problems and writes it to the stage's folder, for all processes."""

    def learns_from(self) -> Sequence[str]:
        """The ids of the problems that `learn` is about."""
        return ()

    def limited(self) -> Iterable[Any]:
        """The strategies that may have a budget."""
        return ()

    @property
    def base_model(self) -> str | None:
        """Its `model`."""
        return self.model

    @property
    def own_engine(self) -> Any:
        """Its `engine`."""
        return self.engine

    def problem_sources(self) -> tuple[Any, ...]:
        """Its `tasks`."""
        return self.tasks

    def refers_to(self) -> tuple[str, ...]:
        """Its model and its further models."""
        return tuple(dict.fromkeys((self.model, *(m.model for m in self.models.values()))))

    def settled(self, models: Mapping[str, str], gone: set[str]) -> Self | None:
        """Its further models may be those of self-trainings, too."""
        stage, others = super().settled(models, gone), renamed(self.models, models)
        return stage if stage is None or others is None else stage.model_copy(update={"models": others})

    def resolved(self, recipe: RecipeView, seed: int) -> Self:
        """With its seed, and the engines used on this machine, with their number format."""
        changes: dict[str, Any] = {"engine": recipe.engine_of(self)}
        changes["models"] = {name: _settled(model) for name, model in self.models.items()}
        if self.seed is None:
            changes["seed"] = seed
        return self.model_copy(update=changes)

    def further_models(self, recipe: RecipeView) -> dict[str, tuple[str, Any]]:
        """Each with its own engine, or that of the stage."""
        own = recipe.engine_of(self)
        return {name: (m.model, m.engine or own) for name, m in self.models.items()}

    def engines(self, recipe: RecipeView) -> Iterator[Any]:
        """The engine of the stage and the own engines of its further models."""
        yield recipe.engine_of(self)
        yield from (model.engine for model in self.models.values() if model.engine)

    def estimate(self, name: str, recipe: RecipeView, basis: CostBasis) -> StageEstimate:
        """From the requests of its plans and the speed of its engine."""
        model = known_model(self.model, basis.trained_from, recipe.engine_of(self))
        work = Work.of((self.engine or recipe.engine).settled(basis.machine))
        rate = rate_for(self.model, work, basis.runs, basis.machine, model.per_token)
        demand = self.demand(rate.likely or LIKELY)
        self.note_corpus(name, demand, basis)
        workers = recipe.cluster.known_workers(len(basis.machine.gpus))
        return stage_costs.drawing(name, self.kind, demand, rate, model, workers)

    def note_corpus(self, name: str, demand: Demand, basis: CostBasis) -> None:
        """Adds the corpus that it makes to the basis, if it makes one."""

    @classmethod
    def dtype(cls, config: Mapping[str, Any], machine: Machine) -> str | None:
        """That of its engine."""
        return engine_dtype(config.get("engine") or {})


def served(stage: Any, recipe: RecipeView) -> dict[str, ModelConfig]:
    """The further models of a stage (or of a corpus), each with the engine that will run it."""
    default = stage.engine or recipe.engine
    return {name: m.model_copy(update={"engine": m.engine or default}) for name, m in stage.models.items()}


def _settled(model: ModelConfig) -> ModelConfig:
    """A further model with the engine that is used; without its own engine it has the stage's."""
    return model if model.engine is None else model.model_copy(update={"engine": settle(model.engine)})


@dataclass(frozen=True, slots=True)
class OpenEngines:
    """What the scheduler needs."""

    engine: Engine
    bank: CompletionStore
    flops: FlopsModel
    models: dict[str, Backend] = field(default_factory=dict)

    @property
    def sizes(self) -> dict[str, FlopsModel]:
        """The FLOPs of each model, "" for the stage's own."""
        return {"": self.flops} | {name: backend.flops for name, backend in self.models.items()}


@contextmanager
def opened(
    stage: DrawingStage,
    context: StageContext,
    *,
    bank: CompletionStore | None = None,
    keep: Callable[[Sequence[str]], None] | None = None,
) -> Iterator[OpenEngines]:
    """The stage's engines on their weights, and a bank: by default the one that all runs in this folder
    share.

    `keep` receives the notes about how an engine answered; by default they are shown and written beside the
    stage's numbers. Raises InputError if a strategy has a FLOPs budget and the FLOPs of a model are unknown.
    """
    tokens = stage.demand().expected_tokens
    keep = keep or partial(_keep, context)
    with ExitStack() as stack:
        if bank is None:
            own = open_bank(context.runs / BANK, context.out, tell=context.progress.note)
            stack.callback(own.close)
            bank = own
        engine = context.engine.open(context.weights, expected_tokens=tokens)
        stack.callback(engine.close)
        stack.callback(_tell, engine, keep)
        parts = OpenEngines(engine, bank, flops_of(context.weights, context.engine))
        for name, weights in context.others.items():
            config = stage.models[name]
            chosen = engine_for(config, context.engine, stage.model)
            other = chosen.open(weights, expected_tokens=tokens)
            stack.callback(other.close)
            stack.callback(_tell, other, keep)
            parts.models[name] = Backend(config.model, other, flops_of(weights, chosen))
        _check_budgets(stage.limited(), parts)
        yield parts


def engine_for(config: ModelConfig, default: Any, own: str) -> Any:
    """The engine of a stage's further model: its own, else the stage's (`own` is the stage's model)."""
    if config.engine is not None:
        return config.engine
    return default.for_model(config.model, own)


def flops_of(weights: Weights, engine: Any) -> FlopsModel:
    """The FLOPs of a model's tokens: from its config, or as stated in the recipe for one behind a server."""
    from lab.models import flops_behind_server, flops_model

    if not engine.remote:
        return flops_model(weights)
    return engine.flops() or flops_behind_server(weights)


def _tell(engine: Engine, keep: Callable[[Sequence[str]], None]) -> None:
    """Passes on an engine's notes about how a server answered."""
    if notes := list(engine.notes):
        keep(notes)


def _keep(context: StageContext, notes: Sequence[str]) -> None:
    """Shows notes and adds them to those of the stage."""
    for note in notes:
        context.progress.note(note)
    add_notes(context.out, notes)


def _check_budgets(strategies: Iterable[Any], parts: OpenEngines) -> None:
    known = parts.flops.known and all(model.flops.known for model in parts.models.values())
    for strategy in () if known else strategies:
        if strategy.budget and strategy.budget.flops is not None:
            raise InputError(f"{strategy.label}: {NO_BUDGET}")


NO_BUDGET = (
    "`budget_flops` needs the model's size: set `parameters` in the engine, or use "
    "`max_tokens` or `max_samples` instead"
)
