"""From a recipe as a person writes it to plain stages that each do one thing.

`rounds` stages and training seeds stand for several stages; `expand` writes them out, named after what they
stand for (`self.2.corpus`, `tuned.s0`). Which round's model a self-training ends with, and how many rounds
there are, is known only while it runs: `Flat.settled` gives the plain recipe as far as it is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.run.recipe.grammar import EvaluateStage, GenerateStage, ReportStage, RoundsStage, TrainStage

EACH = ".*"
"""Ends a reference to every model of a stage that makes several."""


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
class Flat:
    """Plain stages by name, in order; their `model` may still be the name of a loop."""

    stages: dict[str, Any]
    loops: tuple[Loop, ...] = ()
    of: dict[str, str] = field(default_factory=dict)
    """Which stage of the written recipe each plain one belongs to."""

    def settled(self, chosen: Mapping[str, str], dropped: set[str]) -> dict[str, Any]:
        """The stages as far as they are decided: `chosen` models put in, `dropped` and their readers out.

        A loop without a choice stands for its last round.
        """
        models = {loop.name: loop.rounds[-1][1] for loop in self.loops} | dict(chosen)
        left: dict[str, Any] = {}
        gone = set(dropped)
        for name, written in self.stages.items():
            stage = _with_models(written, models)
            if isinstance(stage, ReportStage):
                stage = stage.model_copy(update={"of": tuple(n for n in stage.of if n not in gone)})
            empty = isinstance(stage, ReportStage) and not stage.of
            if name in gone or empty or gone & set(names_read(stage)):
                gone.add(name)
            else:
                left[name] = stage
        return left


def names_read(stage: Any) -> tuple[str, ...]:
    """Every name a plain stage refers to, each once: stages, or models and folders from outside."""
    match stage:
        case ReportStage():
            wanted: Sequence[str] = stage.of
        case TrainStage():
            wanted = (stage.model, *stage.corpora, *([stage.teacher] if stage.teacher else []))
        case _:
            wanted = (stage.model, *(m.model for m in stage.models.values()))
    return tuple(dict.fromkeys(wanted))


def expand(stages: Mapping[str, Any]) -> Flat:
    """The plain stages behind a recipe's stages."""
    flat, loops, of, several = dict[str, Any](), list[Loop](), dict[str, str](), dict[str, list[str]]()
    for name, stage in stages.items():
        made, found = _expanded(name, stage, several)
        several[name] = list(made)
        if isinstance(stage, RoundsStage):
            several[name] = [model for loop in found for _, model, _ in loop.rounds]
        flat |= made
        of |= dict.fromkeys(made, name)
        loops += found
    return Flat(flat, tuple(loops), of)


def _expanded(name: str, stage: Any, several: dict[str, list[str]]) -> tuple[dict[str, Any], list[Loop]]:
    if isinstance(stage, RoundsStage):
        return _rounds(name, stage)
    if isinstance(stage, TrainStage) and stage.seeds:
        each = {seed: {"seed": seed, "seeds": ()} for seed in stage.seeds}
        return {f"{name}.s{seed}": stage.model_copy(update=own) for seed, own in each.items()}, []
    if isinstance(stage, EvaluateStage) and stage.model.endswith(EACH):
        base = stage.model.removesuffix(EACH)
        models = several.get(base, [])
        return {name + m.removeprefix(base): stage.model_copy(update={"model": m}) for m in models}, []
    if isinstance(stage, ReportStage):
        of = [n for wanted in stage.of for n in several.get(wanted, [wanted])]
        return {name: stage.model_copy(update={"of": tuple(of)})}, []
    return {name: stage}, []


def _rounds(name: str, stage: RoundsStage) -> tuple[dict[str, Any], list[Loop]]:
    made, loops = dict[str, Any](), list[Loop]()
    for seed in stage.seeds or (None,):
        own = name if seed is None else f"{name}.s{seed}"
        stages = dict(_one_loop(own, stage, seed))
        made |= stages
        names = [(f"{own}.{r}.corpus", f"{own}.{r}", f"{own}.{r}.dev") for r in range(1, stage.rounds + 1)]
        dev = stage.dev
        watched = [(corpus, model, seen if dev else "") for corpus, model, seen in names]
        patience, gain = (dev.patience, dev.min_gain) if dev else (stage.rounds, 0.0)
        loops.append(Loop(own, tuple(watched), f"{own}.0.dev" if dev else "", patience, gain))
    return made, loops


def _one_loop(name: str, stage: RoundsStage, seed: int | None) -> Iterator[tuple[str, Any]]:
    last, corpora = stage.model, list[str]()
    if stage.dev:
        yield f"{name}.0.dev", _dev(stage, stage.model)
    for number in range(1, stage.rounds + 1):
        here = f"{name}.{number}"
        config = {key: getattr(stage.corpus, key) for key in type(stage.corpus).model_fields}
        yield f"{here}.corpus", GenerateStage(**config, model=last, seed=seed)
        corpora = [*corpora, f"{here}.corpus"] if stage.data == "all" else [f"{here}.corpus"]
        first = stage.model if stage.start == "base" else last
        yield here, TrainStage(model=first, data=tuple(corpora), method=stage.train, seed=seed)
        last = here
        if stage.dev:
            yield f"{here}.dev", _dev(stage, here)


def _dev(stage: RoundsStage, model: str) -> EvaluateStage:
    assert stage.dev
    corpus = stage.corpus
    return EvaluateStage(
        model=model,
        tasks=stage.dev.tasks or corpus.tasks,
        strategies=stage.dev.strategies,
        split="dev",
        sampling=corpus.sampling,
        engine=corpus.engine,
    )


def _with_models(stage: Any, models: Mapping[str, str]) -> Any:
    """The stage with names of loops replaced by the models they stand for."""
    changes: dict[str, Any] = {}
    for key in ("model", "teacher"):
        if getattr(stage, key, None) in models:
            changes[key] = models[getattr(stage, key)]
    others = getattr(stage, "models", {})
    if any(other.model in models for other in others.values()):
        changes["models"] = {
            name: other.model_copy(update={"model": models.get(other.model, other.model)})
            for name, other in others.items()
        }
    return stage.model_copy(update=changes) if changes else stage
