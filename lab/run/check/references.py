"""Checks that each name in a recipe refers to something that exists and has the right kind.

All checks use the raw data, so that these mistakes are listed together with those of the types. Every
function returns a message, "" if there is no mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any

from lab.errors import nearest
from lab.formats.corpus import NO_CORPUS, shards_in
from lab.run.check.names import StageNames
from lab.run.source.messages import Mistake
from lab.run.source.yaml_source import Path

EACH = ".*"
"""The end of a reference to all models of a stage that makes several."""


def at(path: Path, message: str) -> Iterator[Mistake]:
    """Yields a mistake, if there is a message."""
    if message:
        yield path, message


def is_server(*engines: Any) -> bool:
    """Whether the first of these engines (raw data) that is set is a server."""
    chosen = next((engine for engine in engines if engine is not None), None)
    return isinstance(chosen, dict) and chosen.get("kind") == "openai"


def further_models(data: Mapping[str, Any], path: Path, names: StageNames, engine: Any) -> Iterator[Mistake]:
    """Mistakes in the `models` of a stage (or of its corpus); `engine` is the recipe's."""
    models = data.get("models")
    for name, entry in models.items() if isinstance(models, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("model"), str):
            behind = is_server(entry.get("engine"), data.get("engine"), engine)
            fault = model_fault(entry["model"], names, behind_server=behind)
            yield from at((*path, "models", name, "model"), fault)


def corpora(data: Any, path: Path, names: StageNames) -> Iterator[Mistake]:
    """Mistakes in the `data` of a stage: one name or a list of them."""
    entries = [(path, data)] if isinstance(data, str) else []
    entries += [((*path, i), entry) for i, entry in enumerate(data)] if isinstance(data, list) else []
    for where, wanted in entries:
        if isinstance(wanted, str):
            yield from at(where, data_fault(wanted, names))


def evaluations(of: Any, path: Path, names: StageNames) -> Iterator[Mistake]:
    """Mistakes in a list of evaluate stages."""
    for i, wanted in enumerate(of if isinstance(of, list) else ()):
        if isinstance(wanted, str):
            twice = f"'{wanted}' is already in the list" if wanted in of[:i] else ""
            fault = twice or stage_fault(wanted, "evaluate", names)
            unknown = f"there is no stage '{wanted}'." + (
                nearest(wanted, names.above("evaluate")) or " There is no evaluate stage above it."
            )
            yield from at((*path, i), fault if wanted in names.kinds else unknown)


def stage_fault(wanted: str, kind: str, names: StageNames) -> str:
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


def model_fault(model: str, names: StageNames, *, each: bool = False, behind_server: bool = False) -> str:
    """What is wrong with a `model:`; "" for a train stage above, a built-in name, a folder, a Hub id.

    `each`: `<stage>.*` may refer to all models of a stage that makes several. `behind_server`: any other name
    is allowed, because the server will be asked for it.
    """
    base = model.removesuffix(EACH)
    if base in names.kinds and (base != model or names.ambiguous(base)):
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


def _several_fault(model: str, base: str, names: StageNames, *, each: bool) -> str:
    if base not in names.several:
        return f"stage '{base}' makes only one model: write '{base}' without '.*'"
    if model == base:
        one = names.several[base][0]
        return f"stage '{base}' makes one model per seed: name one of them ('{one}') or all ('{base}{EACH}')"
    return "" if each else f"'{EACH}' can only be used in the `model:` of an evaluate stage"


def data_fault(data: str, names: StageNames) -> str:
    """What is wrong with an entry of a train stage's `data:`; "" for a generate stage above or a corpus."""
    if data in names.kinds:
        return stage_fault(data, "generate", names)
    if is_folder(data):
        return "" if shards_in(File(data)) else f"{data} is not a corpus: {NO_CORPUS}"
    return f"there is no generate stage and no folder '{data}'." + nearest(data, names.above("generate"))


def is_folder(path: str) -> bool:
    """Whether a text is the path of a folder; False for a text that cannot be a path."""
    try:
        return File(path).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        return False
