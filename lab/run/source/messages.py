"""Makes one line from every mistake in a recipe: where, which key, what was expected and found, the nearest
name.

pydantic's errors are translated here: union labels are removed from the path, alternatives of one place are
joined, and types are described in words. The mistakes of a file are listed together, in the order of the
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from lab.errors import InputError, nearest
from lab.run.source import schema
from lab.run.source.field_docs import field_doc
from lab.run.source.yaml_source import Path, YamlSource, dotted

Mistake = tuple[Path, str]
"""The place of a mistake and its message."""


def raise_all(source: YamlSource, mistakes: Iterable[Mistake]) -> None:
    """Raises one InputError with every mistake, in the order of the file; nothing if there are none.

    A mistake in an anchor is shown once, at the first place that uses it.
    """
    lines: dict[tuple[str, Path, str], str] = {}
    for path, message in mistakes:
        lines.setdefault(
            (source.where(path), path[2:], message), f"{dotted(path)}: {message}" if path else message
        )
    if lines:
        first, *rest = sorted(lines, key=lambda line: _line_number(line[0]))
        others = [f"{key[0]}: {lines[key]}" for key in rest]
        raise InputError("\n".join([lines[first], *others]), where=first[0])


def translate(error: ValidationError, root: Any, data: Any) -> list[Mistake]:
    """One mistake per place of a ValidationError of model `root` for `data`."""
    merged: dict[Path, list[Mapping[str, Any]]] = {}
    for item in error.errors(include_url=False):
        if item["type"] == "default_factory_not_called":
            continue  # a consequence of another mistake
        absent = item["type"] in ("missing", "extra_forbidden")
        path = schema.data_path(root, data, item["loc"], missing=absent)
        if not (item["type"] == "too_short" and _long_enough(item, schema.at(root, data, path)[1])):
            merged.setdefault(path, []).append(item)
    misnamed = {path[:-1] for path in merged if path[-1:] == ("kind",)}
    kept = [p for p in merged if p[-1:] == ("kind",) or not any(p[: len(m)] == m for m in misnamed)]
    return [_mistake(path, merged[path], root, data) for path in kept]


def _long_enough(item: Mapping[str, Any], found: Any) -> bool:
    """pydantic counts only valid entries; the mistakes of invalid entries are reported separately."""
    return isinstance(found, list | dict) and len(found) >= int(item["ctx"]["min_length"])


def _mistake(path: Path, items: list[Mapping[str, Any]], root: Any, data: Any) -> Mistake:
    """The mistake at one place; several items are the alternatives of a plain union."""
    item, kind = items[0], items[0]["type"]
    annotation, found = schema.at(root, data, path)
    if kind == "literal_error" and path[-1:] == ("kind",):
        message = unknown_kind(found, schema.kinds(schema.at(root, data, path[:-1])[0]))
    elif kind == "extra_forbidden":
        message = "unknown key." + nearest(str(path[-1]), schema.keys_at(root, data, path[:-1]))
    elif kind == "missing":
        message = _missing(path, annotation, root, data)
    elif kind == "union_tag_not_found":
        message = f"missing key `kind`; expected one of: {', '.join(sorted(schema.kinds(annotation)))}"
    elif kind == "union_tag_invalid":
        path, message = (*path, "kind"), unknown_kind(found["kind"], schema.kinds(annotation))
    elif len(items) > 1:
        message = f"expected {schema.words(annotation)}, found {shown(found)}"
    else:
        message = _one(item, annotation, found)
    return path, message


def unknown_kind(kind: object, valid: Iterable[str]) -> str:
    """`unknown kind 'x'. Did you mean 'y'?`"""
    return f"unknown kind {str(kind)!r}." + nearest(str(kind), valid)


def _missing(path: Path, annotation: Any, root: Any, data: Any) -> str:
    text = f"missing; expected {schema.words(annotation)}"
    model = schema.meant(*schema.at(root, data, path[:-1]))
    doc = field_doc(model, str(path[-1])) if model else ""
    return f"{text} ({doc.rstrip('.')})" if doc else text


def _one(item: Mapping[str, Any], annotation: Any, found: Any) -> str:
    """The message for a single pydantic error that is neither about keys nor about kinds."""
    kind, message = str(item["type"]), str(item["msg"])
    if kind in ("value_error", "assertion_error"):
        return re.sub(r"^(Value|Assertion) (error|failed), ", "", message)
    if kind in ("too_short", "too_long"):
        bound = item["ctx"].get("min_length", item["ctx"].get("max_length"))
        size = "at least" if kind == "too_short" else "at most"
        return f"expected {size} {bound} {'entry' if bound == 1 else 'entries'}, found {shown(found)}"
    if kind == "string_pattern_mismatch":
        return (
            f"expected {_PATTERNS.get(item['ctx']['pattern'], 'another form of text')}, found {shown(found)}"
        )
    if kind == "literal_error":
        values = [str(a) for a in _literals(annotation)]
        close = nearest(str(found), values)
        text = f"expected {schema.words(annotation)}, found {shown(found)}"
        return f"{text}.{close}" if "Did you mean" in close else text
    if kind.endswith(("_type", "_parsing")) or kind in ("int_from_float", "is_instance_of"):
        hint = _component_hint(annotation, found)
        return f"expected {schema.words(annotation)}, found {shown(found)}{hint}"
    rest = message.removeprefix("Input should be ")
    expected = rest if rest.startswith(("a ", "an ")) else f"a value {rest}"
    return f"{message if rest == message else f'expected {expected}'}, found {shown(found)}"


def _component_hint(annotation: Any, found: Any) -> str:
    """A hint for `greedy` instead of `{kind: greedy}`, or for a list without dashes."""
    if isinstance(found, str) and found in schema.kinds(annotation):
        return f". Write {{kind: {found}}}"
    entry = schema.step(annotation, found, 0)
    if isinstance(found, dict) and entry is not None and (schema.models(entry) or schema.kinds(entry)):
        return ". Start each list entry with a dash"
    return ""


def _literals(annotation: Any) -> list[Any]:
    return [v for a in schema.alternatives(annotation) if get_origin(a) is Literal for v in get_args(a)]


def shown(value: Any) -> str:
    """A value in words: `the text 'eight'`, `a list of 3`, `nothing`."""
    match value:
        case None | bool():
            return "nothing" if value is None else str(value).lower()
        case str():
            return f"the text {value[:60] + '…' if len(value) > 60 else value!r}"
        case int() | float():
            return f"{value!r:.60}"
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return f"a mapping with {', '.join(list(value)[:5])}" if value else "an empty mapping"
    return type(value).__name__


_PATTERNS = {
    r"^[^/\s]*$": "a name without spaces and slashes",
    r"^[A-Z]+$": "capital letters A to Z only",
}
"""The patterns of fields, in words."""


def _line_number(where: str) -> tuple[int, str]:
    head, _, number = where.rpartition(":")
    return (int(number), head) if number.isdigit() else (0, where)
