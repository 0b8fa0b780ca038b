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
from lab.errors import InputError, nearest
from lab.formats.corpus import NO_CORPUS, shards_in
from lab.run.check import fitting
from lab.run.recipe.expand import EACH
from lab.run.recipe.messages import Mistake
from lab.run.recipe.names import Names
from lab.run.recipe.yaml_source import Path

if TYPE_CHECKING:
    from lab.run.recipe.recipe import Recipe

REFERS = {"generate": ("model",), "train": ("model", "teacher"), "evaluate": ("model",), "rounds": ("model",)}
"""Keys of a stage that name a model, by kind."""


def references(data: dict[str, Any]) -> Iterator[Mistake]:
    """Mistakes in the names stages refer to, as far as the raw data tell."""
    from lab.run.recipe.recipe import NAME

    stages = data.get("stages")
    if not isinstance(stages, dict):
        return
    names = Names(stages)
    for name, stage in stages.items():
        path: Path = ("stages", name)
        if not NAME.fullmatch(name):
            yield (
                path,
                (
                    f"{name!r} cannot be used as the name of a folder: use only letters, "
                    "digits, '.', '_' and '-'"
                ),
            )
        if isinstance(stage, dict):
            yield from _stage(path, stage, names.at(name), data.get("engine"))


def _stage(path: Path, stage: dict[str, Any], names: Names, engine: Any) -> Iterator[Mistake]:
    kind = stage.get("kind")
    for key in REFERS.get(kind, ()) if isinstance(kind, str) else ():
        if isinstance(model := stage.get(key), str):
            each = kind == "evaluate" and key == "model"
            behind = kind in ("generate", "evaluate") and _server(stage.get("engine"), engine)
            yield from _at((*path, key), model_fault(model, names, each=each, behind_server=behind))
    inner = stage.get("corpus")
    for at, holder in ((path, stage), ((*path, "corpus"), inner if isinstance(inner, dict) else {})):
        for other, entry in _mapping(holder.get("models")):
            if isinstance(entry, dict) and isinstance(entry.get("model"), str):
                behind = _server(entry.get("engine"), holder.get("engine"), engine)
                fault = model_fault(entry["model"], names, behind_server=behind)
                yield from _at((*at, "models", other, "model"), fault)
    if kind == "train":
        data = stage.get("data")
        listed = [((*path, "data"), data)] if isinstance(data, str) else []
        listed += [((*path, "data", i), d) for i, d in enumerate(data)] if isinstance(data, list) else []
        for at, wanted in listed:
            if isinstance(wanted, str):
                yield from _at(at, data_fault(wanted, names))
    if isinstance(stage.get("of"), list) and kind == "report":
        yield from _report(path, stage["of"], names)


def _server(*engines: Any) -> bool:
    """Whether the first of these engines that is given is a server."""
    chosen = next((engine for engine in engines if engine is not None), None)
    return isinstance(chosen, dict) and chosen.get("kind") == "openai"


def _mapping(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()


def _at(path: Path, message: str) -> Iterator[Mistake]:
    if message:
        yield path, message


def _report(path: Path, of: list[Any], names: Names) -> Iterator[Mistake]:
    for i, wanted in enumerate(of):
        if isinstance(wanted, str):
            twice = f"'{wanted}' is already in the list" if wanted in of[:i] else ""
            fault = twice or stage_fault(wanted, "evaluate", names)
            unknown = f"there is no stage '{wanted}'." + (
                nearest(wanted, names.above("evaluate")) or " There is no evaluate stage above it."
            )
            yield from _at((*path, "of", i), fault if wanted in names.kinds else unknown)


def stage_fault(wanted: str, kind: str, names: Names) -> str:
    """What is wrong with reading stage `wanted`, which must be of `kind`; "" if nothing."""
    if wanted == names.here:
        return f"stage '{wanted}' refers to itself"
    article = "an" if kind == "evaluate" else "a"
    if names.kinds.get(wanted) not in (kind, None):
        found = names.kinds[wanted]
        return f"expected {article} {kind} stage, found '{wanted}', which is of kind {found}"
    if wanted in names.kinds and wanted not in names.before:
        return f"stage '{wanted}' comes later in the recipe; a stage can only use stages above it"
    return ""


def model_fault(model: str, names: Names, *, each: bool = False, behind_server: bool = False) -> str:
    """What is wrong with a `model:`; "" for a train stage above, a built-in name, a folder, a Hub id.

    `each`: `<stage>.*` may stand for every model of a stage that makes several. `behind_server`: it may have
    any other name, which the server will be asked for.
    """
    base = model.removesuffix(EACH)
    if base in names.kinds and (base != model or base in names.ambiguous):
        return stage_fault(base, "train", names) or _several_fault(model, base, names, each=each)
    if model in names.kinds:
        return stage_fault(model, "train", names)
    if behind_server or is_folder(model):
        return ""
    if model.startswith(("/", "./", "../", "~")):
        return f"there is no folder {model}"
    from lab.models import BUILTIN

    known = model in BUILTIN or "/" in model
    if known:
        return ""
    hint = nearest(model, [*BUILTIN, *names.above("train")])
    return (
        f"there is no model '{model}'.{hint} (For a model on a server, set `engine: {{kind: openai, ...}}`.)"
    )


def _several_fault(model: str, base: str, names: Names, *, each: bool) -> str:
    if base not in names.several:
        return f"stage '{base}' makes only one model: write '{base}' without '.*'"
    if model == base:
        one = names.several[base][0]
        return f"stage '{base}' makes one model per seed: name one of them ('{one}') or all ('{base}{EACH}')"
    return "" if each else f"'{EACH}' can only be used in the `model:` of an evaluate stage"


def data_fault(data: str, names: Names) -> str:
    """What is wrong with an entry of a train stage's `data:`; "" for a generate stage above or a corpus."""
    if data in names.kinds:
        return stage_fault(data, "generate", names)
    if is_folder(data):
        return "" if shards_in(File(data)) else f"{data} is not a corpus: {NO_CORPUS}"
    return f"there is no generate stage and no folder '{data}'." + nearest(data, names.above("generate"))


def is_folder(path: str) -> bool:
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
            yield from _budgets(stage, path, recipe)
            for i, strategy in enumerate(stage.strategies):
                yield from asked(strategy, (*path, "strategies", i), served(stage, recipe))
        yield from faults(stage, path)
    yield from faults(recipe.engine, ("engine",))
    yield from fitting.all_of(recipe)


def local_data(recipe: Recipe) -> Iterator[Mistake]:
    """Mistakes in the local files of tasks: an empty file, a column that is not there, a gold that fails."""
    for name, stage in recipe.stages.items():
        inner: tuple[str, ...] = ("corpus",) if stage.kind == "rounds" else ()
        holder = getattr(stage, "corpus", stage)
        split = getattr(stage, "split", "train")
        dev = any(strategy.learns for strategy in getattr(stage, "strategies", ()))
        for i, task in enumerate(getattr(holder, "tasks", ())):
            try:
                if task.digest_inputs():
                    task.problems(split)
                    if dev:
                        task.problems("dev")
            except InputError as error:
                yield ("stages", name, *inner, "tasks", i), str(error)


def _temperatures(stage: Any, path: Path) -> Iterator[Mistake]:
    """Strategies that cannot go with the stage's sampling."""
    from eval.strategies.compatibility import check_strategies

    labels = [s.label for s in stage.strategies]
    own = any(getattr(s, "temperature", None) == 0 and s.size > 1 for s in stage.strategies)
    if len(set(labels)) < len(labels) or own:
        return
    try:
        check_strategies(stage.strategies, stage.sampling.sampling())
    except InputError as error:
        yield (*path, "sampling", "temperature"), error.message


def _budgets(stage: Any, path: Path, recipe: Recipe) -> Iterator[Mistake]:
    """Budgets of FLOPs where those of the stage's model will not be known."""
    from lab.run.cost.known_model import known_model
    from lab.run.stages.opening import NO_BUDGET

    engine = stage.engine or recipe.engine
    limited = [i for i, s in enumerate(stage.strategies) if s.budget and s.budget.flops is not None]
    if engine.kind == "openai" and limited and known_model(recipe, stage.model, engine).flops is None:
        for i in limited:
            yield (*path, "strategies", i, "budget_flops"), NO_BUDGET


def served(stage: Any, recipe: Recipe) -> dict[str, Any]:
    """The stage's further models, each with the engine that will serve it."""
    default = stage.engine or recipe.engine
    return {name: m.model_copy(update={"engine": m.engine or default}) for name, m in stage.models.items()}


def asked(component: Any, path: Path, models: dict[str, Any]) -> Iterator[Mistake]:
    """Names in `model:` and `critic:` fields of a component, at any depth, that the stage does not have."""
    for key in type(component).model_fields:
        value = getattr(component, key)
        if key in ("model", "critic") and isinstance(value, str) and value and value not in models:
            has = nearest(value, models) or " Add it under the stage's `models:`."
            yield (*path, key), f"the stage has no model called '{value}'.{has}"
        if key == "model" and component.kind in ("reward_model", "reward") and value in models:
            engine = models[value].engine.kind
            if engine not in ("classifier", "fake"):
                message = (
                    f"the model '{value}' runs in engine '{engine}'; a reward model needs "
                    "engine kind 'classifier'"
                )
                yield (*path, key), message
        entries = enumerate(value) if isinstance(value, tuple | list) else [(None, value)]
        for i, entry in entries:
            if isinstance(entry, Component):
                yield from asked(entry, (*path, key) if i is None else (*path, key, i), models)


def _labels(path: Path, members: Iterable[Any]) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for i, member in enumerate(members):
        label = str(getattr(member, "label", member.kind))
        if label in seen:
            field = next((f for f in ("name", "label") if f in type(member).model_fields), "")
            mend = f" Give one of them a `{field}`." if field else ""
            yield (*path, i), f"the label '{label}' is already used by entry [{seen[label]}].{mend}"
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
