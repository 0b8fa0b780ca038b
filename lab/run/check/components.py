"""Mistakes that components in a stage report, and labels and model names that do not fit the stage.

Nothing here loads torch or reads a data set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from lab.core.component import Component
from lab.core.fields import ModelRef, marks, without_effect
from lab.errors import InputError, nearest
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path


def model_names(component: BaseModel, path: Path, models: Mapping[str, Any]) -> Iterator[Mistake]:
    """Names of models in a component, at any depth, that the stage does not have or that cannot be used
    there.

    `models` are the stage's further models, each with the engine that will run it.
    """
    for key, mark in marks(type(component), ModelRef):
        name = getattr(component, key)
        if name and name not in models:
            has = nearest(name, models) or " Add it under the stage's `models:`."
            yield (*path, key), f"the stage has no model called '{name}'.{has}"
        elif name and mark.scores and not (engine := models[name].engine).classifies:
            yield (
                (*path, key),
                f"the model '{name}' runs in engine '{engine.kind}'; a reward model needs engine kind "
                "'classifier'",
            )
    for key in type(component).model_fields:
        value = getattr(component, key)
        entries = enumerate(value) if isinstance(value, tuple | list) else [(None, value)]
        for i, entry in entries:
            if isinstance(entry, Component):
                yield from model_names(entry, (*path, key) if i is None else (*path, key, i), models)


def labels(path: Path, members: Iterable[Any]) -> Iterator[Mistake]:
    """Entries of a list that have the label of an earlier one."""
    seen: dict[str, int] = {}
    for i, member in enumerate(members):
        label = str(member.label)
        if label in seen:
            field = next((f for f in ("name", "label") if f in type(member).model_fields), "")
            mend = f" Give one of them a `{field}`." if field else ""
            yield (*path, i), f"the label '{label}' is already used by entry [{seen[label]}].{mend}"
        seen.setdefault(label, i)


def faults(component: BaseModel, path: Path) -> Iterator[Mistake]:
    """The mistakes that a component and every component inside it report, with paths."""
    if isinstance(component, Component):
        yield from (((*path, field), message) for field, message in without_effect(component))
        try:
            for field, message in component.faults():
                yield (*path, *field.split(".")) if field else path, message
        except InputError as error:
            yield path, error.message
    for key in type(component).model_fields:
        yield from _inside(getattr(component, key), (*path, key))


def _inside(value: Any, path: Path) -> Iterator[Mistake]:
    if isinstance(value, BaseModel):
        yield from faults(value, path)
    elif isinstance(value, tuple | list):
        for i, entry in enumerate(value):
            yield from _inside(entry, (*path, i))
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _inside(entry, (*path, key))
