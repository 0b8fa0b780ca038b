"""Do the parts of a recipe fit one another? A trainer and its corpus, a method and its sources, a model and
its use.

Each part says what it reads and makes in class variables; nothing here knows a particular one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lab.run.recipe.messages import Mistake
from lab.run.recipe.yaml_source import Path

if TYPE_CHECKING:
    from lab.run.recipe.recipe import Recipe


def all_of(recipe: Recipe) -> Iterator[Mistake]:
    """Every misfit, at the key to change."""
    makers = _makers(recipe)
    for name, stage in recipe.stages.items():
        path: Path = ("stages", name)
        match stage.kind:
            case "generate":
                yield from _generate(stage, path, recipe)
            case "rounds":
                yield from _generate(stage.corpus, (*path, "corpus"), recipe)
                yield from _shape(stage.train, stage.corpus.method.shape, (*path, "train", "kind"))
                yield from _watched(stage, path)
            case "train":
                yield from _train(stage, path, recipe)
            case "evaluate":
                yield from _evaluate(stage, path, makers)
            case "report":
                yield from _report(stage, path, recipe)


def _generate(stage: Any, path: Path, recipe: Recipe) -> Iterator[Mistake]:
    from lab.run.check.crosscheck import asked, served

    method, models = stage.method, served(stage, recipe)
    yield from asked(method, (*path, "method"), models)
    for i, part in enumerate(stage.filters):
        yield from asked(part, (*path, "filters", i), models)
    for i, task in enumerate(stage.tasks):
        gives = source_of(task)
        if gives != method.reads:
            fit = ", ".join(kind for kind, reads in _readers() if reads == gives)
            message = f"{method.kind} needs {_WHAT[method.reads]}, but '{task.kind}' provides {_WHAT[gives]}"
            yield (*path, "tasks", i), f"{message}. Methods for it: {fit}"


def _readers() -> list[tuple[str, str]]:
    """(kind, what it reads) of every data method."""
    from data_gen.methods import Method
    from lab.core.component import members_of

    return [(kind, str(getattr(method, "reads", "problem"))) for kind, method in members_of(Method).items()]


def _train(stage: Any, path: Path, recipe: Recipe) -> Iterator[Mistake]:
    method = stage.method
    online = "tasks" in reads_of(method)
    if online and not stage.tasks:
        yield (*path, "tasks"), f"{method.kind} draws its own samples: give it `tasks` with a checker"
    if online and stage.corpora:
        yield (*path, "data"), f"{method.kind} draws its own samples and takes no `data`"
    if not online and not stage.corpora:
        yield (*path, "data"), f"{method.kind} needs `data`: a generate stage above, or a corpus folder"
    if not online and stage.tasks:
        yield (*path, "tasks"), f"{method.kind} learns from `data` and takes no `tasks`"
    if getattr(method, "needs_teacher", False) != bool(stage.teacher):
        wanted = "needs a `teacher`" if not stage.teacher else "does not use a `teacher`: remove it"
        yield (*path, "teacher"), f"{method.kind} {wanted}"
    yield from _sources(stage.tasks, (*path, "tasks"), f"{method.kind} needs a checker")
    for wanted in stage.corpora:
        made = recipe.stages.get(wanted)
        if made is not None and made.kind == "generate":
            yield from _shape(method, made.method.shape, (*path, "data"))


def _shape(trainer: Any, shape: str, path: Path) -> Iterator[Mistake]:
    if shape not in reads_of(trainer) and "tasks" not in reads_of(trainer):
        wanted = " or ".join(reads_of(trainer))
        yield path, f"{trainer.kind} needs a corpus of shape {wanted}; this one has shape {shape}"


def _evaluate(stage: Any, path: Path, makers: dict[str, str]) -> Iterator[Mistake]:
    yield from _sources(stage.tasks, (*path, "tasks"), "an evaluation needs a checker")
    made = makers.get(stage.model.removesuffix(".*"), "policy")
    if made != "policy":
        message = (
            f"'{stage.model}' is a {made.replace('_', ' ')} model, which cannot answer "
            "questions: use it in a scorer"
        )
        yield (*path, "model"), message
    if stage.split == "dev" or any(strategy.learns for strategy in stage.strategies):
        yield from _dev(stage.tasks, (*path, "tasks"))
    if stage.split == "dev":
        for i, strategy in enumerate(stage.strategies):
            if strategy.learns:
                yield (
                    (*path, "strategies", i),
                    f"{strategy.kind} learns from the dev problems, so it cannot be evaluated on them",
                )


def _watched(stage: Any, path: Path) -> Iterator[Mistake]:
    """The tasks that a self-training is watched on."""
    if stage.dev and stage.dev.tasks:
        yield from _dev(stage.dev.tasks, (*path, "dev", "tasks"))
    elif stage.dev:
        yield from _dev(stage.corpus.tasks, (*path, "corpus", "tasks"))


def _dev(tasks: Iterable[Any], path: Path) -> Iterator[Mistake]:
    """Tasks without dev problems where some are needed: to learn from, or to choose by."""
    for i, task in enumerate(tasks):
        if fault := getattr(task, "dev_fault", str)():
            yield (*path, i), f"this needs dev problems, but {fault}"


def _report(stage: Any, path: Path, recipe: Recipe) -> Iterator[Mistake]:
    for i, name in enumerate(stage.of):
        if getattr(recipe.stages.get(name), "split", "test") == "dev":
            yield (
                (*path, "of", i),
                (
                    f"'{name}' uses dev problems: its numbers are for making choices and cannot "
                    "be reported as results"
                ),
            )


def _sources(tasks: Iterable[Any], path: Path, why: str) -> Iterator[Mistake]:
    for i, task in enumerate(tasks):
        if source_of(task) != "problem":
            yield (
                (*path, i),
                f"'{task.kind}' provides {_WHAT[source_of(task)]} without right answers; {why}",
            )


def _makers(recipe: Recipe) -> dict[str, str]:
    """What kind of model each train stage makes."""
    return {n: getattr(s.method, "makes", "policy") for n, s in recipe.stages.items() if s.kind == "train"}


def reads_of(trainer: Any) -> tuple[str, ...]:
    """The corpus shapes a trainer reads; ("tasks",) for one that draws its own samples."""
    return tuple(getattr(trainer, "reads", ("completion",)))


def source_of(task: Any) -> str:
    """What a task gives a data method: problem, document, instruction or blank."""
    return str(getattr(task, "gives", "problem"))


_WHAT = {
    "problem": "questions with a checker",
    "document": "documents",
    "instruction": "seed instructions",
    "blank": "only a number of empty items",
}
