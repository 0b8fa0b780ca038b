"""The rounds stage: self-training, expanded into stages that generate, train and evaluate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from eval.strategies import Strategy
from lab.core.component import Component
from lab.run.check import compatibility, references
from lab.run.check.names import NamesGiven, StageNames, listed
from lab.run.folders.lineage import Origin
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path
from lab.run.stages.base import Expansion, RecipeView, StageKind
from lab.run.stages.drawing import served
from lab.run.stages.evaluate import EvaluateStage
from lab.run.stages.generate import GenerateStage
from lab.run.stages.loop import Loop
from lab.run.stages.parts import CorpusConfig, ModelSource
from lab.run.stages.train import TrainStage
from lab.tasks import Task
from lab.train import Trainer

MOST = 50
"""Maximum number of rounds."""


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


class RoundsStage(StageKind):
    """Self-training: generate with the model of the last round, train, evaluate on dev problems, repeat.

    Stands for the stages `<name>.<round>.corpus`, `<name>.<round>` (the model) and `<name>.<round>.dev`; all
    corpora and models are kept. `<name>` is the model of the best round on dev, `<name>.*` all of them.
    ReST-EM (Singh et al. 2024, arXiv:2312.06585) is `start: base`; iterated DPO is `start: last`.
    """

    kind: Literal["rounds"] = "rounds"
    model: ModelSource
    """Model of the first round: a built-in name, a folder, a Hub id, or a train stage."""
    rounds: int = Field(default=3, ge=1, le=MOST)
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

    @classmethod
    def names_given(cls, name: str, data: Mapping[str, Any]) -> NamesGiven:
        """Its own name, which is the model of the best round, and those of the models and corpora of all
        rounds.
        """
        rounds, seeds = data.get("rounds", 3), listed(data, "seeds")
        count = min(rounds, MOST) if isinstance(rounds, int) else 0
        found = {name: "train"}
        for own in [f"{name}.s{seed}" for seed in seeds] or [name]:
            found[own] = "train"
            for number in range(1, count + 1):
                found |= {f"{own}.{number}": "train", f"{own}.{number}.corpus": "generate"}
        return NamesGiven(found, ambiguous=bool(seeds))

    @classmethod
    def references(
        cls, data: Mapping[str, Any], path: Path, names: StageNames, engine: Any
    ) -> Iterator[Mistake]:
        """Its model, and the further models of its corpus."""
        yield from super().references(data, path, names, engine)
        if isinstance(corpus := data.get("corpus"), dict):
            yield from references.further_models(corpus, (*path, "corpus"), names, engine)

    def mistakes(self, path: Path, recipe: RecipeView) -> Iterator[Mistake]:
        """Parts that do not fit together, and tasks without dev problems."""
        yield from compatibility.corpus(self.corpus, (*path, "corpus"), served(self.corpus, recipe))
        yield from compatibility.shape(self.train, self.corpus.method.shape, (*path, "train", "kind"))
        if self.dev and self.dev.tasks:
            yield from compatibility.dev_problems(self.dev.tasks, (*path, "dev", "tasks"))
        elif self.dev:
            yield from compatibility.dev_problems(self.corpus.tasks, (*path, "corpus", "tasks"))

    def local_problems(self) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
        """The train problems of its corpus."""
        yield from ((("corpus", "tasks", i), task, ("train",)) for i, task in enumerate(self.corpus.tasks))

    @property
    def base_model(self) -> str | None:
        """Its `model`."""
        return self.model

    def learned_tasks(self) -> tuple[Any, ...]:
        """The tasks of its corpus."""
        return self.corpus.tasks

    def refers_to(self) -> tuple[str, ...]:
        """Its model, and the further models of its corpus."""
        return tuple(dict.fromkeys((self.model, *(m.model for m in self.corpus.models.values()))))

    def expanded(
        self, name: str, each: Mapping[str, Sequence[str]], origins: Mapping[str, Origin]
    ) -> Expansion:
        """The stages of all rounds, for every seed."""
        stages, found, loops = dict[str, StageKind](), dict[str, Origin](), list[Loop]()
        for seed in self.seeds or (None,):
            own = name if seed is None else f"{name}.s{seed}"
            for origin, stage in self._one_loop(Origin(name, seed), own):
                made = _name(own, origin)
                stages[made], found[made] = stage, origin
            loops.append(self._loop(own))
        models = tuple(model for loop in loops for _, model, _ in loop.rounds)
        return Expansion(stages, found, models, tuple(loops))

    def _one_loop(self, base: Origin, name: str) -> Iterator[tuple[Origin, StageKind]]:
        """The stages of one seed, in order."""
        last, corpora = self.model, list[str]()
        if self.dev:
            yield replace(base, round=0, part="dev"), self._dev_stage(self.dev, self.model)
        for number in range(1, self.rounds + 1):
            here = replace(base, round=number)
            corpus = replace(here, part="corpus")
            config = {key: getattr(self.corpus, key) for key in type(self.corpus).model_fields}
            yield corpus, GenerateStage(**config, model=last, seed=base.seed)
            corpora = [*corpora, _name(name, corpus)] if self.data == "all" else [_name(name, corpus)]
            first = self.model if self.start == "base" else last
            yield here, TrainStage(model=first, data=tuple(corpora), method=self.train, seed=base.seed)
            last = _name(name, here)
            if self.dev:
                yield replace(here, part="dev"), self._dev_stage(self.dev, last)

    def _loop(self, name: str) -> Loop:
        """The names of one seed's rounds, and how they end."""
        dev = self.dev
        rounds = tuple(
            (f"{name}.{r}.corpus", f"{name}.{r}", f"{name}.{r}.dev" if dev else "")
            for r in range(1, self.rounds + 1)
        )
        patience, gain = (dev.patience, dev.min_gain) if dev else (self.rounds, 0.0)
        return Loop(name, rounds, f"{name}.0.dev" if dev else "", patience, gain)

    def _dev_stage(self, dev: DevConfig, model: str) -> EvaluateStage:
        return EvaluateStage(
            model=model,
            tasks=dev.tasks or self.corpus.tasks,
            strategies=dev.strategies,
            split="dev",
            sampling=self.corpus.sampling,
            engine=self.corpus.engine,
        )


def _name(loop: str, origin: Origin) -> str:
    """The name of a stage of one self-training."""
    return ".".join((loop, str(origin.round), *([origin.part] if origin.part else [])))
