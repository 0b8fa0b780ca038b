"""Every mistake of a recipe that types cannot express.

`references` reads the raw data, so that its mistakes are listed together with those of the types. The others
read the validated recipe: what each stage and each component reports, names that are used twice, local files,
and questions that are used both for training and for testing. Nothing here loads torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lab.errors import InputError
from lab.run.check import leakage as _leakage
from lab.run.check.components import faults
from lab.run.check.names import NamesGiven, StageNames
from lab.run.recipe.expand import same_names
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path
from lab.run.stages import kind_called
from lab.run.stages.base import RecipeView

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of recipes and stages become names of folders."""


def references(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Mistakes in the names of stages and in references to them, as far as the raw data show them."""
    stages = data.get("stages")
    if not isinstance(stages, dict):
        return
    names = StageNames({name: _given(name, stage) for name, stage in stages.items()})
    for name, stage in stages.items():
        path: Path = ("stages", name)
        if not NAME.fullmatch(name):
            fault = "cannot be used as the name of a folder: use only letters, digits, '.', '_' and '-'"
            yield path, f"{name!r} {fault}"
        kind = kind_called(stage.get("kind")) if isinstance(stage, dict) else None
        if kind is not None:
            yield from kind.references(stage, path, names.at(name), data.get("engine"))


def _given(name: str, stage: Any) -> NamesGiven:
    raw = stage if isinstance(stage, dict) else {}
    kind = kind_called(raw.get("kind"))
    return NamesGiven({name: raw.get("kind")}) if kind is None else kind.names_given(name, raw)


def components(recipe: RecipeView) -> Iterator[Mistake]:
    """Mistakes reported by stages and components, and names that are used twice."""
    for name, stage in recipe.stages.items():
        path: Path = ("stages", name)
        yield from stage.mistakes(path, recipe)
        yield from faults(stage, path)
    yield from faults(recipe.engine, ("engine",))
    yield from faults(recipe.cluster, ("cluster",))
    yield from same_names(recipe.stages)


def local_data(recipe: RecipeView) -> Iterator[Mistake]:
    """Mistakes in the local files of tasks: an empty file, a missing column, a gold that its checker
    rejects.
    """
    for name, stage in recipe.stages.items():
        for path, task, splits in stage.local_problems():
            try:
                for split in splits if task.digest_inputs() else ():
                    task.problems(split)
            except InputError as error:
                yield ("stages", name, *path), str(error)


def leakage(recipe: RecipeView) -> Iterator[Mistake]:
    """Test tasks whose questions are among the training problems of a stage, or of an earlier run."""
    tested: list[tuple[Path, Any]] = []
    for name, stage in recipe.stages.items():
        tested += [(("stages", name, "tasks", i), task) for i, task in enumerate(stage.tested_tasks())]
    return _leakage.shared(tested, _trained(recipe))


def _trained(recipe: RecipeView) -> Iterator[tuple[str, Any]]:
    """(where, task) of every task whose train problems are learned, here or in an earlier run."""
    for name, stage in recipe.stages.items():
        yield from ((f"stage '{name}'", task) for task in stage.learned_tasks())
        for folder in set(stage.learned_from()) - set(recipe.stages):
            yield from _leakage.learned_before(folder)
