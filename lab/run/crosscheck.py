"""What types cannot tell about a recipe: does each name refer to something there, and of the right kind?

`references` reads the raw data, so that its mistakes are listed beside those of the types. `components`
reads the validated recipe: labels that are not unique, and whatever a component itself finds wrong
(`Component.faults`). Nothing here loads torch or reads a data set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from lab.core.component import Component
from lab.core.errors import InputError, nearest
from lab.run.messages import Mistake
from lab.run.yaml_source import Path

if TYPE_CHECKING:
    from lab.run.recipe import Recipe

STAGE_KEYS = {"generate": ("model",), "train": ("model", "data"), "evaluate": ("model",), "report": ()}


def references(data: dict[str, Any]) -> Iterator[Mistake]:
    """Mistakes in the names stages refer to, as far as the raw data tell."""
    from lab.run.recipe import NAME

    stages = data.get("stages")
    if not isinstance(stages, dict):
        return
    kinds = {name: s.get("kind") if isinstance(s, dict) else None for name, s in stages.items()}
    for i, (name, stage) in enumerate(stages.items()):
        path: Path = ("stages", name)
        if not NAME.fullmatch(name):
            yield path, f"{name!r} cannot name a folder; use letters, digits, '.', '_' and '-'"
        if not isinstance(stage, dict):
            continue
        before = dict(list(kinds.items())[:i])
        if isinstance(stage.get("model"), str) and kinds[name] in ("generate", "train", "evaluate"):
            yield from _at((*path, "model"), model_fault(stage["model"], before, kinds, name))
        for other, entry in _mapping(stage.get("models")):
            if isinstance(entry, dict) and isinstance(entry.get("model"), str):
                fault = model_fault(entry["model"], before, kinds, name)
                yield from _at((*path, "models", other, "model"), fault)
        if isinstance(stage.get("data"), str) and kinds[name] == "train":
            yield from _at((*path, "data"), data_fault(stage["data"], before, kinds, name))
        if isinstance(stage.get("of"), list) and kinds[name] == "report":
            yield from _report(path, stage["of"], before, kinds, name)


def _mapping(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()


def _at(path: Path, message: str) -> Iterator[Mistake]:
    if message:
        yield path, message


def _report(
    path: Path, of: list[Any], before: dict[str, Any], kinds: dict[str, Any], name: str
) -> Iterator[Mistake]:
    for i, wanted in enumerate(of):
        if isinstance(wanted, str):
            twice = f"'{wanted}' is already in the list" if wanted in of[:i] else ""
            fault = twice or stage_fault(wanted, "evaluate", before, kinds, name)
            evaluations = [n for n, kind in before.items() if kind == "evaluate"]
            unknown = f"no stage '{wanted}'." + (
                nearest(wanted, evaluations) or " There is no evaluate stage above."
            )
            yield from _at((*path, "of", i), fault if wanted in kinds else unknown)


def stage_fault(wanted: str, kind: str, before: dict[str, Any], kinds: dict[str, Any], name: str) -> str:
    """What is wrong with stage `name` reading stage `wanted`, which must be of `kind`; "" if nothing."""
    if wanted == name:
        return f"stage '{name}' refers to itself"
    article = "an" if kind == "evaluate" else "a"
    if kinds.get(wanted) not in (kind, None):
        return f"expected {article} {kind} stage, found '{wanted}', which is of kind {kinds[wanted]}"
    if wanted in kinds and wanted not in before:
        return f"stage '{wanted}' comes later; a stage can only read stages above it"
    return ""


def model_fault(model: str, before: dict[str, Any], kinds: dict[str, Any], name: str) -> str:
    """What is wrong with a `model:`; "" for a train stage above, a built-in name, a folder, a Hub id."""
    if model in kinds:
        return stage_fault(model, "train", before, kinds, name)
    if _is_there(model):
        return ""
    if model.startswith(("/", "./", "../", "~")):
        return f"no such folder: {model}"
    from lab.models import BUILTIN

    if model in BUILTIN or "/" in model:
        return ""
    trained = [n for n, kind in before.items() if kind == "train"]
    return f"no model '{model}'.{nearest(model, [*BUILTIN, *trained])}"


def data_fault(data: str, before: dict[str, Any], kinds: dict[str, Any], name: str) -> str:
    """What is wrong with a train stage's `data:`; "" for a generate stage above or a corpus folder."""
    if data in kinds:
        return stage_fault(data, "generate", before, kinds, name)
    if _is_there(data):
        shards = File(data).expanduser().glob("data/train-*.parquet")
        return "" if any(shards) else f"{data} has no data/train-*.parquet"
    made = [n for n, kind in before.items() if kind == "generate"]
    return f"no generate stage and no folder '{data}'." + nearest(data, made)


def _is_there(path: str) -> bool:
    """Whether a text names a folder; a text that cannot be a path does not."""
    try:
        return File(path).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def components(recipe: Recipe) -> Iterator[Mistake]:
    """Mistakes in a validated recipe that its components know, and labels that are not unique."""
    for name, stage in recipe.stages.items():
        path: Path = ("stages", name)
        for key in ("tasks", "strategies"):
            yield from _labels((*path, key), getattr(stage, key, None) or ())
        if stage.kind == "evaluate":
            yield from _temperatures(stage, path)
            for i, strategy in enumerate(stage.strategies):
                yield from _asked(strategy, (*path, "strategies", i), stage.models)
        yield from faults(stage, path)
    yield from faults(recipe.engine, ("engine",))


def local_data(recipe: Recipe) -> Iterator[Mistake]:
    """Mistakes in the local files of tasks: an empty file, a column that is not there, a gold that fails."""
    splits = {"generate": "train", "evaluate": "test"}
    for name, stage in recipe.stages.items():
        for i, task in enumerate(getattr(stage, "tasks", ())):
            try:
                if task.digest_inputs():
                    task.problems(splits[stage.kind])
            except InputError as error:
                yield ("stages", name, "tasks", i), str(error)


def _temperatures(stage: Any, path: Path) -> Iterator[Mistake]:
    """Strategies that cannot go with the stage's sampling."""
    from eval.strategies import check_strategies

    labels = [s.label for s in stage.strategies]
    own = any(getattr(s, "temperature", None) == 0 and s.pool > 1 for s in stage.strategies)
    if len(set(labels)) < len(labels) or own:
        return
    try:
        check_strategies(stage.strategies, stage.sampling.sampling())
    except InputError as error:
        yield (*path, "sampling", "temperature"), error.message


def _asked(component: Any, path: Path, models: dict[str, Any]) -> Iterator[Mistake]:
    """Names in `model:` and `critic:` fields of a component, at any depth, that the stage does not have."""
    for key in type(component).model_fields:
        value = getattr(component, key)
        if key in ("model", "critic") and isinstance(value, str) and value and value not in models:
            has = nearest(value, models) or " Add it under the stage's `models:`."
            yield (*path, key), f"the stage has no model '{value}'.{has}"
        if key == "model" and component.kind == "reward_model" and value in models:
            engine = models[value].engine
            if engine is not None and engine.kind not in ("classifier", "fake"):
                message = f"'{value}' is served by {engine.kind}; a reward model needs engine kind classifier"
                yield (*path, key), message
        entries = enumerate(value) if isinstance(value, tuple | list) else [(None, value)]
        for i, entry in entries:
            if isinstance(entry, Component):
                yield from _asked(entry, (*path, key) if i is None else (*path, key, i), models)


def _labels(path: Path, members: Iterable[Any]) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for i, member in enumerate(members):
        label = str(getattr(member, "label", member.kind))
        if label in seen:
            field = next((f for f in ("name", "label") if f in type(member).model_fields), "")
            mend = f" Give one of them a `{field}`." if field else ""
            yield (*path, i), f"the label '{label}' is taken by entry [{seen[label]}].{mend}"
        seen.setdefault(label, i)


def faults(component: BaseModel, path: Path) -> Iterator[Mistake]:
    """What a component and every component inside it find wrong, with paths."""
    if isinstance(component, Component):
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
