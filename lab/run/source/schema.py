"""What is valid at each path of a recipe, derived from the types.

Messages and overrides use this module: which keys and kinds are valid at a place, and what is expected, in
words. A place is described by a type annotation (a model, a union of components, a list, a scalar). The data
are only needed to find the member of a union by its `kind`.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path as File
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from lab.core.component import kind_of, registry_of
from lab.run.source.yaml_source import Path

WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    File: "a path",
    type(None): "nothing",
    dict: "a mapping",
}


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """The members of a plain union, through Annotated and aliases; any other type is its own only member."""
    if get_origin(annotation) is Annotated:
        return alternatives(get_args(annotation)[0])
    if hasattr(annotation, "__value__"):
        return alternatives(annotation.__value__)
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(a for member in get_args(annotation) for a in alternatives(member))
    return (annotation,)


def models(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The models among the alternatives, except those of a registry."""
    return tuple(a for a in alternatives(annotation) if isinstance(a, type) and issubclass(a, BaseModel))


def kinds(annotation: Any) -> Mapping[str, type[BaseModel]]:
    """kind -> model, for the alternatives with a `kind`; a registry imports only what is used."""
    for alternative in alternatives(annotation):
        if (registry := registry_of(alternative)) is not None:
            return registry
    return {kind_of(m): m for m in models(annotation) if "kind" in m.model_fields}


def meant(annotation: Any, data: Any) -> type[BaseModel] | None:
    """The model for `data`: the only one there is, or the one with its `kind`."""
    found = models(annotation)
    if len(found) == 1:
        return found[0]
    kind = data.get("kind") if isinstance(data, dict) else None
    return kinds(annotation).get(kind) if isinstance(kind, str) else None


def step(annotation: Any, data: Any, key: str | int) -> Any:
    """The annotation one key or index below; None if it is not known."""
    model = meant(annotation, data)
    if model is not None and isinstance(key, str):
        found = model.model_fields.get(key)
        return None if found is None else found.annotation
    for alternative in alternatives(annotation):
        origin, args = get_origin(alternative), get_args(alternative)
        if origin is dict and isinstance(key, str):
            return args[1]
        if origin in (list, tuple, set, frozenset) and isinstance(key, int):
            return (
                args[0] if origin is not tuple or args[1:] == (...,) else (*args, None)[min(key, len(args))]
            )
    return None


def below(data: Any, key: str | int) -> Any:
    """`data[key]`, or None if there is no such value."""
    if isinstance(data, dict):
        return data.get(key)
    if isinstance(data, list) and isinstance(key, int) and 0 <= key < len(data):
        return data[key]
    return None


def at(root: Any, data: Any, path: Path) -> tuple[Any, Any]:
    """(annotation, data) at a path."""
    for key in path:
        root, data = step(root, data, key), below(data, key)
    return root, data


def keys_at(root: Any, data: Any, path: Path) -> list[str]:
    """The valid keys of the mapping at a path; its own keys if any key is valid."""
    annotation, here = at(root, data, path)
    model = meant(annotation, here)
    if model is not None:
        return list(model.model_fields)
    return list(here) if isinstance(here, dict) else []


def words(annotation: Any) -> str:
    """What is expected, in words: `a whole number or nothing`."""
    parts: dict[str, None] = {}
    tagged = kinds(annotation)
    for alternative in alternatives(annotation):
        model = alternative in models(alternative) or registry_of(alternative) is not None
        parts["a mapping with the key `kind`" if model and tagged else _word(alternative)] = None
    if len(parts) > 1 and WORDS[type(None)] in parts:
        del parts[WORDS[type(None)]]
    return " or ".join(parts)


def _word(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(repr(a) for a in args) if len(args) > 1 else repr(args[0])
    if origin in (list, tuple, set, frozenset):
        return "a list"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a mapping"
    return WORDS.get(origin or annotation, "another type")


def data_path(root: Any, data: Any, loc: tuple[str | int, ...], *, missing: bool) -> Path:
    """A pydantic error location without union labels; `missing`: its last key is not in the data."""
    path: Path = ()
    for i, item in enumerate(loc):
        tagged = kinds(root) if len(models(root)) > 1 else {}
        if item in tagged and isinstance(data, dict) and data.get("kind") == item:
            root = tagged[str(item)]
            continue
        here = item in data if isinstance(data, dict) else isinstance(data, list) and isinstance(item, int)
        if here or (missing and i == len(loc) - 1):
            path = (*path, item)
            root, data = step(root, data, item), below(data, item)
    return path
