"""`stage.key=value` on the command line: changes the recipe's data before validation.

A path begins with a stage's name, which may contain dots, or with a key of the recipe (`seed`,
`engine.kind`). Dots separate keys, and numbers are list indices (`before.tasks.0.limit=8`). The value is a
YAML scalar or flow collection. The place of a changed value is the argument: mistakes in it are reported
there.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from lab.errors import InputError, nearest
from lab.run.source import schema
from lab.run.source.messages import shown
from lab.run.source.yaml_source import Path, YamlSource, dotted, scalar

OWN_KEYS = ("name", "seed", "engine", "cluster", "stages")


def apply(source: YamlSource, arguments: Sequence[str], root: Any) -> None:
    """Changes `source.data` in place; `root` is the recipe model, which defines the valid names."""
    for argument in arguments:
        where = f"argument '{argument}'"
        target, sign, text = argument.partition("=")
        if not sign or not target:
            raise InputError("expected stage.key=value", where=where)
        path = _path(source.data, target, root, where)
        value = scalar(text, where)
        _set(source, path, value, root, where)


def _path(data: Any, target: str, root: Any, where: str) -> Path:
    """`before.tasks.0.limit` (or `before.tasks[0].limit`) as a path from the recipe's root."""
    if not isinstance(data, dict):
        raise InputError("the recipe is empty, so there is nothing to change", where=where)
    stages = data.get("stages")
    names = list(stages) if isinstance(stages, dict) else []
    for rest in (target, target.removeprefix("stages.")):
        if (name := _stage_meant(rest, names, data, root, where)) is not None:
            return ("stages", name, *_keys(rest[len(name) :]))
    first, *others = _keys(target)
    if first not in OWN_KEYS:
        message = f"there is no stage or recipe key '{first}'."
        raise InputError(message + nearest(str(first), [*names, *OWN_KEYS]), where=where)
    return (first, *others)


def _keys(text: str) -> list[str | int]:
    """Keys and list indices."""
    parts = text.replace("[", ".").replace("]", "").removeprefix(".").split(".") if text else []
    return [int(part) if part.isdecimal() else part for part in parts]


def _stage_meant(target: str, names: Sequence[str], data: Any, root: Any, where: str) -> str | None:
    """The stage with which a target begins, the longest name if there are several (names may contain dots).

    Raises InputError if the rest is also a key of a stage with a shorter name.
    """
    found = [name for name in names if target == name or target.startswith((f"{name}.", f"{name}["))]
    if not found:
        return None
    longest, *shorter = sorted(found, key=len, reverse=True)
    for other in shorter:
        key, *_ = _keys(target[len(other) :])
        if key in schema.keys_at(root, data, ("stages", other)):
            raise InputError(
                f"this can mean stage '{longest}' or the key '{key}' of stage '{other}'. Rename one "
                "of the two stages",
                where=where,
            )
    return longest


def _set(source: YamlSource, path: Path, value: Any, root: Any, where: str) -> None:
    """Puts `value` at `path`, and creates mappings on the way if the types allow them."""
    here: Any = source.data
    for depth in range(1, len(path)):
        _must_fit(source.data, here, path[:depth], root, where)
        key = path[depth - 1]
        if schema.below(here, key) is None:
            here[key] = _inherited(source.data, path[:depth])
            source.places[path[:depth]] = where
        here = here[key]
    _must_fit(source.data, here, path, root, where)
    source.forget(path)
    source.places[path] = where
    here[path[-1]] = value


def _inherited(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """The initial value of an absent mapping: a stage's engine is the recipe's until it is changed."""
    if path[0] == "stages" and path[2:] == ("engine",):
        return copy.deepcopy(data.get("engine")) or {"kind": "auto"}
    return {"kind": "auto"} if path == ("engine",) else {}


def _must_fit(data: Any, here: Any, path: Path, root: Any, where: str) -> None:
    """Raises InputError unless `path[-1]` can be set in `here`, the value at `path[:-1]`."""
    *parent, key = path
    above = dotted(tuple(parent)).removeprefix("stages.") or "the recipe"
    if isinstance(here, list):
        if not isinstance(key, int) or key >= len(here):
            valid = f"0 to {len(here) - 1}" if here else "none, because it is empty"
            raise InputError(f"'{above}' is a list; its entries are {valid}, not '{key}'", where=where)
        return
    if not isinstance(here, dict):
        raise InputError(f"'{above}' is {shown(here)}, so it has no keys", where=where)
    valid_keys = schema.keys_at(root, data, tuple(parent))
    if valid_keys and key not in valid_keys and schema.meant(*schema.at(root, data, tuple(parent))):
        raise InputError(f"'{above}' has no key '{key}'." + nearest(str(key), valid_keys), where=where)
    if tuple(parent) == ("stages",) and key not in here:
        raise InputError(f"there is no stage '{key}'." + nearest(str(key), here), where=where)
