"""The generate stage: a corpus from training problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from data_gen.making import Annotates
from data_gen.source import Source
from lab.core.component import Component
from lab.core.flops.model import FlopsModel
from lab.core.types import Plan, Problem, Sampling
from lab.formats import audit, corpus, ledger
from lab.run.check import compatibility
from lab.run.check.components import labels
from lab.run.cost.demand import LIKELY, Demand, demand_of
from lab.run.cost.estimate import CorpusDemand, CostBasis
from lab.run.folders.layout import Products
from lab.run.folders.outcome import corpus_line
from lab.run.folders.provenance import hardware, versions
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path
from lab.run.stages.base import RecipeView, task_line
from lab.run.stages.context import StageContext
from lab.run.stages.drawing import DrawingStage, opened, served
from lab.run.stages.parts import CorpusConfig, ModelSource

if TYPE_CHECKING:
    from data_gen.generation.work import Generation


class GenerateStage(CorpusConfig, DrawingStage):
    """Makes training examples with a model; those that pass the filters become a corpus."""

    products: ClassVar[Products] = Products((f"{corpus.FOLDER}/*.parquet", audit.FILE, ledger.FILE))

    kind: Literal["generate"] = "generate"
    model: ModelSource
    """A built-in name, a local folder, a Hub id, or the name of a train stage."""
    seed: int | None = Field(default=None, ge=0)
    """Seed of the stage; by default the recipe's seed."""
    licence: str = ""
    """Licence that you state for the corpus (a Hub id such as cc-by-4.0, or a name); it is shown on its card.
    Empty: the card lists what is known about the sources and the model.
    """
    push_to_hub: str | None = Field(default=None, min_length=1)
    """Upload the corpus to the Hub as this data set (owner/name)."""

    @property
    def corpus_shape(self) -> str:
        """That of its method."""
        return str(self.method.shape)

    def learned_tasks(self) -> tuple[Any, ...]:
        """Its tasks, because a model will be trained on them."""
        return self.tasks

    def mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """Labels that are not unique, and parts that do not fit together."""
        yield from labels((*path, "tasks"), self.tasks)
        yield from compatibility.corpus(self, path, served(self, recipe))

    def local_problems(self) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
        """The train problems of its tasks."""
        yield from ((("tasks", i), task, ("train",)) for i, task in enumerate(self.tasks))

    def resolved(self, recipe: RecipeView, seed: int) -> Self:
        """By default the overlap is measured with every test task of the recipe."""
        stage = super().resolved(recipe, seed)
        if self.test_tasks is None:
            stage = stage.model_copy(update={"test_tasks": recipe.test_tasks()})
        return stage

    def file_readers(self) -> Iterator[Component]:
        """Its tasks, those that it is compared with, its method and its filters."""
        yield from (*self.tasks, *(self.test_tasks or ()), self.method, *self.filters)

    def line(self, recipe: RecipeView) -> str:
        """Model, engine, tasks, method and filters."""
        filters = ", ".join(f.kind for f in self.filters) or "no filters"
        engine, tasks = recipe.engine_of(self).kind, task_line(self.tasks)
        return f"generate with {self.model} on {engine}: {tasks}; {self.method.kind}; {filters}"

    def light(self, recipe: RecipeView) -> bool:
        """Only with simulated models; otherwise the audit uses an embedding model."""
        return all(e.simulated for e in self.engines(recipe)) and not needs_embeddings(self.filters)

    def demand(self, likely: float = LIKELY) -> Demand:
        """The requests of the method, and of filters that use a model."""
        return demand_of(self.tasks, "train", self.sampling.sampling(), self._plans, likely)

    def _plans(
        self, task: Any, problem: Problem, sampling: Sampling, others: Sequence[Problem]
    ) -> list[Plan[Any]]:
        return [self._made(Source(problem, sampling, task.checker, 0, tuple(others)))]

    def _made(self, source: Source) -> Plan[Any]:
        """As if every example reached the last filter."""
        examples = yield from self.method.generate(source)
        for filter in self.filters:
            if examples and isinstance(filter, Annotates):
                yield from filter.annotate(source, examples)

    def note_corpus(self, name: str, demand: Demand, basis: CostBasis) -> None:
        """At most every sample is kept; a cap per problem limits them."""
        caps = [cap * demand.problems for f in self.filters if (cap := f.most_per_problem) is not None]
        basis.corpora[name] = CorpusDemand(demand, min([demand.requests, *caps]))

    def work(self, context: StageContext, sizes: Mapping[str, FlopsModel]) -> Generation:
        """The corpus from all problems; its product publishes it if the recipe says so."""
        from data_gen.generation.settings import CorpusSettings
        from data_gen.generation.work import Generation

        settings = CorpusSettings(
            run=context.run,
            stage=context.name,
            model=self.model,
            tasks=self.tasks,
            method=self.method,
            filters=self.filters,
            sampling=self.sampling.sampling(),
            test_tasks=self.test_tasks or (),
            run_seed=context.seed,
            provenance=self._card_facts(context),
            embed=embed_for(self.filters, simulated=context.engine.simulated),
            max_failed=self.max_failed,
            publish=self._publish if self.push_to_hub else None,
        )
        return Generation(settings)

    def run(self, context: StageContext) -> None:
        """Writes the corpus, its card, audit and ledger."""
        from data_gen.generate import generate

        with opened(self, context) as parts:
            generate(
                self.work(context, parts.sizes),
                context.out,
                engine=parts.engine,
                bank=parts.bank,
                flops=parts.flops,
                progress=context.progress,
                models=parts.models,
            )

    def _publish(self, folder: File) -> None:
        from data_gen.card.push import push

        assert self.push_to_hub
        push(folder, self.push_to_hub)

    def _card_facts(self, context: StageContext) -> dict[str, Any]:
        """The facts about its origin for the dataset card."""
        from lab.models import BUILTIN, licence

        model = BUILTIN.get(context.weights.name)
        return {
            "recipe": context.source,
            "stage": context.name,
            "model": context.weights.name,
            "model_digest": context.weights.digest,
            "licence": self.licence,
            "model_licence": licence(context.weights.name),
            "model_parameters": model.parameters if model else None,
            "seed": context.seed,
            "versions": versions(),
            "hardware": hardware(),
            "engine": context.engine.model_dump(mode="json"),
        }

    @classmethod
    def outcome(cls, folder: File, manifest: Mapping[str, Any], earlier: Mapping[str, File]) -> str:
        """How many examples were kept."""
        return corpus_line(folder)


def embed_for(filters: Sequence[Any], *, simulated: bool) -> Callable[..., Any] | None:
    """The embedding function of the audit, whose model is loaded on first use.

    None for a simulated model, whose corpora are meaningless and which should be instant, unless a filter
    needs an embedding model anyway.
    """
    from data_gen.generation.settings import near_rule
    from data_gen.similarity.embedding import when_asked

    if simulated and not needs_embeddings(filters):
        return None
    return when_asked(near_rule(filters).model)


def needs_embeddings(filters: Sequence[Any]) -> bool:
    """Whether a filter compares meanings, with its own model."""
    return any(filter.compares_meanings for filter in filters)
