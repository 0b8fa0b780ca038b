"""Checks whether the parts of a recipe fit together: a trainer and its corpus, a method and its sources, a
model and its use.

Each part declares what it reads and makes in class variables; this module does not know particular parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lab.run.check.components import model_names
from lab.run.check.references import EACH
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path


def corpus(stage: Any, path: Path, models: Mapping[str, Any]) -> Iterator[Mistake]:
    """Checks the method, the filters and the sources of a corpus; `models` are its further models."""
    method = stage.method
    yield from model_names(method, (*path, "method"), models)
    for i, part in enumerate(stage.filters):
        yield from model_names(part, (*path, "filters", i), models)
    for i, task in enumerate(stage.tasks):
        if task.gives != method.reads:
            fit = ", ".join(kind for kind, reads in _readers() if reads == task.gives)
            message = (
                f"{method.kind} needs {_WHAT[method.reads]}, but '{task.kind}' provides {_WHAT[task.gives]}"
            )
            yield (*path, "tasks", i), f"{message}. Methods for it: {fit}"


def _readers() -> list[tuple[str, str]]:
    """(kind, what it reads) of every data method."""
    from data_gen.methods import Method
    from lab.core.component import members_of

    methods: Mapping[str, Any] = members_of(Method)
    return [(kind, method.reads) for kind, method in methods.items()]


def training(
    method: Any,
    data: Sequence[str],
    tasks: Sequence[Any],
    teacher: str | None,
    shapes: Iterable[str],
    path: Path,
) -> Iterator[Mistake]:
    """Checks a trainer and its inputs; `shapes` are those of the corpora that the recipe makes for it."""
    online = "tasks" in method.reads
    if online and not tasks:
        yield (*path, "tasks"), f"{method.kind} generates its own samples: give it `tasks` with a checker"
    if online and data:
        yield (*path, "data"), f"{method.kind} generates its own samples and takes no `data`"
    if not online and not data:
        yield (*path, "data"), f"{method.kind} needs `data`: a generate stage above, or a corpus folder"
    if not online and tasks:
        yield (*path, "tasks"), f"{method.kind} learns from `data` and takes no `tasks`"
    if method.needs_teacher != bool(teacher):
        wanted = "needs a `teacher`" if not teacher else "does not use a `teacher`: remove it"
        yield (*path, "teacher"), f"{method.kind} {wanted}"
    yield from _with_answers(tasks, (*path, "tasks"), f"{method.kind} needs a checker")
    for found in shapes:
        yield from shape(method, found, (*path, "data"))


def shapes(data: Sequence[str], stages: Mapping[str, Any]) -> list[str]:
    """The shapes of the corpora in `data` that stages of the recipe make."""
    made = (stages[name].corpus_shape for name in data if name in stages)
    return [shape for shape in made if shape]


def shape(trainer: Any, found: str, path: Path) -> Iterator[Mistake]:
    """Checks a trainer and the shape of a corpus."""
    if found not in trainer.reads and "tasks" not in trainer.reads:
        wanted = " or ".join(trainer.reads)
        yield path, f"{trainer.kind} needs a corpus of shape {wanted}; this one has shape {found}"


def evaluation(stage: Any, path: Path, makers: Mapping[str, str]) -> Iterator[Mistake]:
    """Checks an evaluation, its model and its problems; `makers`: the kind of model that each train stage
    makes.
    """
    yield from _with_answers(stage.tasks, (*path, "tasks"), "an evaluation needs a checker")
    made = makers.get(stage.model.removesuffix(EACH), "policy")
    if made != "policy":
        message = (
            f"'{stage.model}' is a {made.replace('_', ' ')} model, which cannot answer "
            "questions: use it in a scorer"
        )
        yield (*path, "model"), message
    if stage.split == "dev" or any(strategy.learns for strategy in stage.strategies):
        yield from dev_problems(stage.tasks, (*path, "tasks"))
    if stage.split == "dev":
        for i, strategy in enumerate(stage.strategies):
            if strategy.learns:
                yield (
                    (*path, "strategies", i),
                    f"{strategy.kind} learns from the dev problems, so it cannot be evaluated on them",
                )


def dev_problems(tasks: Iterable[Any], path: Path) -> Iterator[Mistake]:
    """Yields tasks without dev problems if they are needed: to learn, or to make choices."""
    for i, task in enumerate(tasks):
        if task.gives == "problem" and (fault := task.dev_fault()):
            yield (*path, i), f"this needs dev problems, but {fault}"


def results(of: Sequence[str], stages: Mapping[str, Any], path: Path) -> Iterator[Mistake]:
    """Yields stages in a report whose numbers are not results."""
    for i, name in enumerate(of):
        stage = stages.get(name)
        if stage is not None and stage.on_dev:
            yield (
                (*path, i),
                f"'{name}' uses dev problems: its numbers are for making choices and cannot be reported as "
                "results",
            )


def model_makers(stages: Mapping[str, Any]) -> dict[str, str]:
    """Train stage -> the kind of model that it makes."""
    return {name: stage.makes for name, stage in stages.items() if stage.makes}


def _with_answers(tasks: Iterable[Any], path: Path, why: str) -> Iterator[Mistake]:
    for i, task in enumerate(tasks):
        if task.gives != "problem":
            yield (*path, i), f"'{task.kind}' provides {_WHAT[task.gives]} without right answers; {why}"


_WHAT = {
    "problem": "questions with a checker",
    "document": "documents",
    "instruction": "seed instructions",
    "blank": "only a number of empty items",
}
