"""`stage.key=value` on the command line: a change to the recipe's data before it is validated.

A path begins with a stage's name or with a key of the recipe itself (`seed`, `engine.kind`); dots go
down, numbers are list indices (`before.tasks.0.limit=8`). The value is a YAML scalar or flow collection.
What is changed takes the argument as its place, so a mistake below it is reported at the argument.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from lab.errors import InputError, nearest
from lab.run.recipe import shape
from lab.run.recipe.messages import shown
from lab.run.recipe.yaml_source import Path, YamlSource, dotted, scalar

OWN_KEYS = ("name", "seed", "engine", "stages")


def apply(source: YamlSource, arguments: Sequence[str], root: Any) -> None:
    """Change `source.data` in place; `root` is the recipe model, which knows the valid names."""
    for argument in arguments:
        where = f"argument '{argument}'"
        target, sign, text = argument.partition("=")
        if not sign or not target:
            raise InputError("expected stage.key=value", where=where)
        path = _path(source.data, target, where)
        value = scalar(text, where)
        _set(source, path, value, root, where)


def _path(data: Any, target: str, where: str) -> Path:
    """`before.tasks.0.limit` (or `before.tasks[0].limit`) as a path from the recipe's root."""
    parts = target.replace("[", ".").replace("]", "").split(".")
    keys: list[str | int] = [int(part) if part.isdecimal() else part for part in parts]
    if not isinstance(data, dict):
        raise InputError("the recipe is empty, so there is nothing to change", where=where)
    stages = data.get("stages")
    names = list(stages) if isinstance(stages, dict) else []
    if parts[0] in names:
        return ("stages", parts[0], *keys[1:])
    if parts[0] not in OWN_KEYS:
        message = f"there is no stage or recipe key '{parts[0]}'."
        raise InputError(message + nearest(parts[0], [*names, *OWN_KEYS]), where=where)
    return (parts[0], *keys[1:])


def _set(source: YamlSource, path: Path, value: Any, root: Any, where: str) -> None:
    """Put `value` at `path`, making mappings on the way where the types allow them."""
    here: Any = source.data
    for depth in range(1, len(path)):
        _must_fit(source.data, here, path[:depth], root, where)
        key = path[depth - 1]
        if shape.below(here, key) is None:
            here[key] = _inherited(source.data, path[:depth])
            source.places[path[:depth]] = where
        here = here[key]
    _must_fit(source.data, here, path, root, where)
    source.forget(path)
    source.places[path] = where
    here[path[-1]] = value


def _inherited(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """What an absent mapping starts as: a stage's engine is the recipe's until it is changed."""
    if path[0] == "stages" and path[2:] == ("engine",):
        return copy.deepcopy(data.get("engine")) or {"kind": "auto"}
    return {"kind": "auto"} if path == ("engine",) else {}


def _must_fit(data: Any, here: Any, path: Path, root: Any, where: str) -> None:
    """InputError unless `path[-1]` can be set in `here`, the value at `path[:-1]`."""
    *parent, key = path
    above = dotted(tuple(parent)).removeprefix("stages.") or "the recipe"
    if isinstance(here, list):
        if not isinstance(key, int) or key >= len(here):
            valid = f"0 to {len(here) - 1}" if here else "none, because it is empty"
            raise InputError(f"'{above}' is a list; its entries are {valid}, not '{key}'", where=where)
        return
    if not isinstance(here, dict):
        raise InputError(f"'{above}' is {shown(here)}, so it has no keys", where=where)
    valid_keys = shape.keys_at(root, data, tuple(parent))
    if valid_keys and key not in valid_keys and shape.meant(*shape.at(root, data, tuple(parent))):
        raise InputError(f"'{above}' has no key '{key}'." + nearest(str(key), valid_keys), where=where)
    if tuple(parent) == ("stages",) and key not in here:
        raise InputError(f"there is no stage '{key}'." + nearest(str(key), here), where=where)
