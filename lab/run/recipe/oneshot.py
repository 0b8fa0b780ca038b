"""`lab generate|train|evaluate`: makes a recipe of one stage (and its report) from flags.

It is an ordinary recipe, with the same validation, digests and run directory. Mistakes are reported at their
flags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.run.recipe.recipe import Recipe, validated
from lab.run.source import schema, shorthand
from lab.run.source.yaml_source import Path, YamlSource
from lab.run.stages import REGISTRY

FLAGS = {"tasks": "--task", "strategies": "--strategy", "filters": "--filter"}


def build(
    kind: str,
    *,
    name: str,
    plain: Mapping[str, tuple[str, Any]],
    lists: Mapping[str, Sequence[str]],
    method: str | None = None,
    engine: str | None = None,
    limit: int | None = None,
    report: bool = True,
) -> Recipe:
    """A recipe with one stage that has the name of its `kind`.

    `plain` maps a stage key (`model`, `sampling.temperature`) to its flag and value, without those that are
    None; `lists` maps `tasks`, `strategies` or `filters` to shorthands; `limit` applies to every task. An
    evaluation gets a report stage, unless `report` is false.
    """
    source = YamlSource("the command line", {"name": name, "stages": {kind: {"kind": kind}}})
    stage, at = source.data["stages"][kind], ("stages", kind)
    for key, (flag, value) in plain.items():
        if value is not None:
            _put(source, stage, at, key, value, f"{flag} {value}")
    if method is not None:
        stage["method"] = shorthand.parse(
            method, schema.step(REGISTRY[kind], {}, "method"), f"--method {method}"
        )
        source.places[(*at, "method")] = f"--method {method}"
    for key, texts in lists.items():
        _components(source, stage, (*at, key), texts, limit if key == "tasks" else None)
    if engine is not None:
        source.data["engine"] = shorthand.parse(
            engine, schema.step(Recipe, {}, "engine"), f"--engine {engine}"
        )
        source.places[("engine",)] = f"--engine {engine}"
    if kind == "evaluate" and report:
        source.data["stages"]["report"] = {"kind": "report", "of": [kind]}
    return validated(source, data=True)


def _put(source: YamlSource, stage: dict[str, Any], at: Path, key: str, value: Any, where: str) -> None:
    if key == "seed":
        source.data["seed"] = value
        source.places[("seed",)] = where
        return
    *parents, last = key.split(".")
    here = stage
    for parent in parents:
        here = here.setdefault(parent, {})
    here[last] = value
    source.places[(*at, *parents, last)] = where


def _components(
    source: YamlSource, stage: dict[str, Any], path: Path, texts: Sequence[str], limit: int | None
) -> None:
    key = str(path[-1])
    flag = FLAGS[key]
    union = schema.step(schema.step(REGISTRY[stage["kind"]], {}, key), [], 0)
    stage[key] = entries = [shorthand.parse(text, union, f"{flag} {text}") for text in texts]
    for i, (text, entry) in enumerate(zip(texts, entries, strict=True)):
        source.places[(*path, i)] = f"{flag} {text}"
        model = schema.meant(union, entry)
        if limit is not None and model is not None and "limit" in model.model_fields:
            entry.setdefault("limit", limit)
            source.places.setdefault((*path, i, "limit"), f"--limit {limit}")
