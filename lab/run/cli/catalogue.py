"""The content of `lab list`: every member of every union with its fields, defaults and documentation.

It is derived from the component classes, so that a new component, including one from an installed package, is
listed automatically.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lab.core.component import Registry, kind_of, members_of
from lab.errors import InputError, nearest
from lab.run.source import schema
from lab.run.source.field_docs import class_docs, field_doc
from lab.system.terminal import safe

UNIONS: dict[str, tuple[str, str]] = {
    "tasks": ("lab.tasks", "Task"),
    "checkers": ("lab.tasks.checkers", "CheckerConfig"),
    "strategies": ("eval.strategies", "Strategy"),
    "scorers": ("eval.scorers", "Scorer"),
    "methods": ("data_gen.methods", "Method"),
    "filters": ("data_gen.filters", "Filter"),
    "trainers": ("lab.train", "Trainer"),
    "engines": ("lab.engine", "EngineConfig"),
    "clusters": ("lab.run.cluster", "Cluster"),
    "stages": ("lab.run.stages", "AnyStage"),
}
KINDS = {
    "tasks": "sources of problems, each with a checker",
    "strategies": "ways to answer a question with more or less inference-time compute",
    "scorers": "ways to score candidates without the gold answer",
    "checkers": "ways to decide whether an answer is right",
    "methods": "ways to make the examples of a corpus",
    "filters": "rules that drop or change examples of a corpus",
    "trainers": "ways to train a model",
    "engines": "programs that run a model",
    "clusters": "where a recipe runs",
    "models": "built-in models",
    "stages": "kinds of stages in a recipe",
    "metrics": "metrics for Hugging Face's `evaluate` library",
}
"""The kinds that can be listed."""


def summaries(kind: str) -> dict[str, str]:
    """Name -> its first sentence, for every member of one kind; no component is imported."""
    if kind not in UNIONS:
        return {entry["name"]: first_sentence(entry["doc"]) for entry in listing(kind)}
    registry = members(kind)
    return {name: first_sentence(_doc(*registry.place(name))) for name in registry}


def first_sentence(doc: str) -> str:
    """The text up to the first full stop that ends a sentence."""
    paragraph = _first_paragraph(doc)
    return re.split(r"(?<=\.)\s", paragraph, maxsplit=1)[0]


def one(kind: str, name: str) -> dict[str, Any]:
    """One member with its fields. Raises InputError with the nearest name."""
    if kind in UNIONS:
        registry = members(kind)
        if name in registry:
            return _entry(name, registry[name])
        names = list(registry)
    else:
        entries = {entry["name"]: entry for entry in listing(kind)}
        if name in entries:
            return entries[name]
        names = list(entries)
    raise InputError(
        (f"there is no '{name}' among the {kind}.") + nearest(name, names), where=f"argument '{name}'"
    )


def members(kind: str) -> Registry:
    """The registry of one of UNIONS."""
    module, name = UNIONS[kind]
    return members_of(getattr(import_module(module), name))


def _doc(module: str, name: str) -> str:
    """The docstring of a class, read from its file."""
    spec = find_spec(module)
    return class_docs(spec.origin).get(name, "") if spec and spec.origin else ""


def listing(kind: str) -> list[dict[str, Any]]:
    """The members of one kind: name, doc, fields (name, type, default, required, doc)."""
    special: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "models": _models,
        "metrics": _metrics,
    }
    if kind in special:
        return special[kind]()
    if kind not in UNIONS:
        raise InputError(f"'{kind}' cannot be listed." + nearest(kind, KINDS), where=f"argument '{kind}'")
    return [_entry(k, model) for k, model in members(kind).items()]


def _models() -> list[dict[str, Any]]:
    from lab.models import BUILTIN

    return [
        {
            "name": name,
            "doc": f"{m.summary} [{m.parameters / 1e6:.1f}M, {m.context_length:,} tokens, {m.licence}]",
            "parameters": m.parameters,
            "context_length": m.context_length,
            "licence": m.licence,
            "fields": [],
        }
        for name, m in BUILTIN.items()
    ]


def _metrics() -> list[dict[str, Any]]:
    """The lab's modules for the `evaluate` library, read without loading it."""
    import ast
    from pathlib import Path

    from eval.metrics import names, path

    scripts = {name: Path(path(name)) / f"{name}.py" for name in names()}
    docs = {name: ast.get_docstring(ast.parse(s.read_text("utf-8"))) for name, s in scripts.items()}
    return [
        {"name": name, "doc": f"{docs[name]} [{path(name)}]", "path": path(name), "fields": []}
        for name in names()
    ]


def _entry(kind: str, model: type[BaseModel]) -> dict[str, Any]:
    fields = [_field(model, name, info) for name, info in model.model_fields.items() if name != "kind"]
    fields.sort(key=lambda field: not field["required"])
    doc = _first_paragraph(model.__doc__)
    return {"name": kind, "doc": doc, "fields": fields, **_default_filters(model, doc)}


def _default_filters(model: type[BaseModel], doc: str) -> dict[str, Any]:
    """What a data method also says: the filters of a stage that lists none."""
    from data_gen.methods.base import MethodComponent

    if not issubclass(model, MethodComponent) or not model.default_filters:
        return {}
    kinds = [str(part.kind) for part in model.default_filters]
    return {"doc": f"{doc} [filters: {', '.join(kinds)}]", "default_filters": kinds}


def _field(model: type[BaseModel], name: str, info: Any) -> dict[str, Any]:
    required = info.is_required()
    default = None if required else info.get_default(call_default_factory=True, validated_data={})
    return {
        "name": name,
        "type": schema.words(info.annotation),
        "required": required,
        "default": None if default is PydanticUndefined else _plain(default),
        "doc": field_doc(model, name),
    }


def _plain(value: Any) -> Any:
    """A default as JSON data: components by their kind and the fields that differ from their defaults."""
    if isinstance(value, BaseModel):
        changed = value.model_dump(mode="json", exclude_defaults=True)
        kind = kind_of(type(value))
        return {"kind": kind, **changed} if kind else changed
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _first_paragraph(doc: str | None) -> str:
    return " ".join((doc or "").strip().split("\n\n")[0].split())


def show_kinds(console: Any) -> None:
    """Prints the kinds that can be listed, one line each."""
    for kind, what in KINDS.items():
        console.print(_line(kind, what, max(map(len, KINDS))), soft_wrap=True)
    console.print(
        _line(
            "",
            (
                "`lab list strategies` lists one kind; `lab list strategies mcts` shows "
                "all fields of one entry"
            ),
            0,
        )
    )


def show_names(kind: str, names: dict[str, str], console: Any) -> None:
    """Prints one line per member."""
    for name, what in names.items():
        console.print(_line(name, what, max(map(len, names))), soft_wrap=True)
    if not names:
        console.print(_line("", f"no {kind} are installed", 0))


def _line(name: str, what: str, width: int) -> Any:
    from rich.text import Text

    return Text.assemble((f"{safe(name):<{width}}", "bold"), f"  {safe(what)}")


def show(entry: dict[str, Any], console: Any) -> None:
    """Prints one member: its name with its documentation, then its fields with their defaults."""
    import json

    from rich.table import Table
    from rich.text import Text

    console.print(Text.assemble((safe(entry["name"]), "bold"), f"  {safe(entry['doc'])}"))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for i in range(3):
        table.add_column(overflow="fold", no_wrap=i == 0)
    for field in entry["fields"]:
        default = "required" if field["required"] else json.dumps(field["default"], ensure_ascii=False)
        table.add_row(*(Text(safe(t)) for t in (field["name"], default, field["doc"] or field["type"])))
    if entry["fields"]:
        console.print(table)
