"""The evaluate stage: every strategy on every test problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path as File
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from eval.strategies import Strategy
from lab.core.component import Component
from lab.core.failures import MAX_FAILED
from lab.core.flops.model import FlopsModel
from lab.core.types import Plan, Problem, Sampling
from lab.engine import EngineConfig
from lab.errors import InputError
from lab.formats import answers, fitted, ledger, outcomes, points, problems
from lab.run.check import compatibility
from lab.run.check.components import labels, model_names
from lab.run.check.references import EACH
from lab.run.cost.demand import LIKELY, Demand, demand_of, dev_demand, question_of
from lab.run.cost.known_model import known_model
from lab.run.folders.layout import Products
from lab.run.folders.lineage import Origin
from lab.run.folders.outcome import accuracy_line
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path
from lab.run.stages.base import Expansion, RecipeView, task_line, trained_from
from lab.run.stages.context import StageContext
from lab.run.stages.drawing import NO_BUDGET, DrawingStage, OpenEngines, opened, served
from lab.run.stages.parts import ModelConfig, ModelSource, SamplingConfig
from lab.tasks import Task

if TYPE_CHECKING:
    from eval.evaluation.evaluation import Evaluation


class EvaluateStage(DrawingStage):
    """Answers test problems with every strategy and counts every token."""

    each_model: ClassVar[bool] = True
    counts: ClassVar[str] = "answers"
    products: ClassVar[Products] = Products(
        (points.FILE, answers.FILE, outcomes.FILE, ledger.FILES, fitted.FILE),
        (problems.FILE,),
    )

    kind: Literal["evaluate"] = "evaluate"
    model: ModelSource
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

    def mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """Labels, budgets and temperatures that are not possible, and parts that do not fit together."""
        yield from labels((*path, "tasks"), self.tasks)
        yield from labels((*path, "strategies"), self.strategies)
        yield from self._temperature_mistakes(path)
        yield from self._budget_mistakes(path, recipe)
        models = served(self, recipe)
        for i, strategy in enumerate(self.strategies):
            yield from model_names(strategy, (*path, "strategies", i), models)
        yield from compatibility.evaluation(self, path, compatibility.model_makers(recipe.stages))

    def _temperature_mistakes(self, path: Path) -> Iterator[Mistake]:
        """Strategies that cannot be used with the stage's sampling settings."""
        from eval.strategies.compatibility import check_strategies

        names = [s.label for s in self.strategies]
        own = any(field == "temperature" for s in self.strategies for field, _ in s.faults())
        if len(set(names)) < len(names) or own:
            return
        try:
            check_strategies(self.strategies, self.sampling.sampling())
        except InputError as error:
            yield (*path, "sampling", "temperature"), error.message

    def _budget_mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """FLOPs budgets if the FLOPs of the stage's model will be unknown."""
        engine = self.engine or recipe.engine
        limited = [i for i, s in enumerate(self.strategies) if s.budget and s.budget.flops is not None]
        if not engine.remote or not limited:
            return
        if known_model(self.model, trained_from(recipe.stages), engine).flops is None:
            yield from (((*path, "strategies", i, "budget_flops"), NO_BUDGET) for i in limited)

    def local_problems(self) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
        """The problems of its split, and those that its strategies learn from."""
        splits = (self.split, "dev") if self._learners() else (self.split,)
        yield from ((("tasks", i), task, splits) for i, task in enumerate(self.tasks))

    def expanded(
        self, name: str, each: Mapping[str, Sequence[str]], origins: Mapping[str, Origin]
    ) -> Expansion:
        """One stage for each model that `<name>.*` refers to."""
        if not self.model.endswith(EACH):
            return super().expanded(name, each, origins)
        base = self.model.removesuffix(EACH)
        own = {name + model.removeprefix(base): model for model in each.get(base, ())}
        stages = {n: self.model_copy(update={"model": model}) for n, model in own.items()}
        found = {n: Origin(name, origins[model].seed, origins[model].round) for n, model in own.items()}
        return Expansion(dict(stages), found, tuple(own))

    @property
    def on_dev(self) -> bool:
        """By its split."""
        return self.split == "dev"

    def tested_tasks(self) -> tuple[Any, ...]:
        """None on the dev split, whose numbers are never results."""
        return () if self.on_dev else self.tasks

    def file_readers(self) -> Iterator[Component]:
        """Its tasks and its strategies, with those inside them."""
        from eval.strategies.base import parts

        yield from self.tasks
        for strategy in self.strategies:
            yield strategy
            yield from parts(strategy)

    def line(self, recipe: RecipeView) -> str:
        """Model, engine, split, tasks and strategies."""
        ways = ", ".join(s.label for s in self.strategies)
        split = ", dev split" if self.split == "dev" else ""
        engine, tasks = recipe.engine_of(self).kind, task_line(self.tasks)
        return f"evaluate {self.model} on {engine}{split}: {tasks}; {ways}"

    def light(self, recipe: RecipeView) -> bool:
        """With a server or the fake engine."""
        return not any(engine.loads_weights for engine in self.engines(recipe))

    def _learners(self) -> list[Any]:
        return [strategy for strategy in self.strategies if strategy.learns]

    def demand(self, likely: float = LIKELY) -> Demand:
        """The requests of its strategies, including those on dev problems if they learn."""
        sampling = self.sampling.sampling()
        asked = demand_of(self.tasks, self.split, sampling, self._plans, likely)
        return asked + dev_demand(self.tasks, self.dev, sampling, self._learners(), likely)

    def _plans(
        self, task: Any, problem: Problem, sampling: Sampling, others: Sequence[Problem]
    ) -> list[Plan[Any]]:
        question = question_of(task, problem, sampling)
        return [strategy.plan(question) for strategy in self.strategies]

    def work(self, context: StageContext, sizes: Mapping[str, FlopsModel]) -> Evaluation:
        """Every strategy on every problem; with strategies that have learned, if they learn."""
        from eval.evaluate import learned

        return learned(self._evaluation(context, sizes), context.out)

    @property
    def learns(self) -> bool:
        """Whether one of its strategies does."""
        return bool(self._learners())

    def learns_from(self) -> Sequence[str]:
        """Its dev problems."""
        return [problem.id for task in self.tasks for problem in task.problems("dev")[: self.dev]]

    def limited(self) -> Iterable[Any]:
        """Its strategies."""
        return self.strategies

    def learn(self, context: StageContext, parts: OpenEngines) -> None:
        """The dev problems of strategies that learn."""
        from eval.evaluate import learn, scheduled

        work = self._evaluation(context, parts.sizes)
        learn(work, scheduled(work, parts.engine, parts.bank, context.progress, parts.models), context.out)

    def run(self, context: StageContext) -> None:
        """Writes answers, points and ledger."""
        from eval.evaluate import evaluate

        with opened(self, context) as parts:
            evaluate(
                self._evaluation(context, parts.sizes),
                engine=parts.engine,
                bank=parts.bank,
                out=context.out,
                progress=context.progress,
                models=parts.models,
            )

    def _evaluation(self, context: StageContext, sizes: Mapping[str, FlopsModel]) -> Evaluation:
        from eval.evaluation.evaluation import Evaluation

        return Evaluation(
            run=context.run,
            stage=context.name,
            model=self.model,
            tasks=self.tasks,
            strategies=self.strategies,
            sampling=self.sampling.sampling(),
            seed=context.seed,
            sizes=sizes,
            split=self.split,
            dev=self.dev,
            max_failed=self.max_failed,
        )

    @classmethod
    def outcome(cls, folder: File, manifest: Mapping[str, Any], earlier: Mapping[str, File]) -> str:
        """Its accuracies, after those of another model of the run."""
        return accuracy_line(folder, manifest, earlier)
