"""A YAML file as plain data, with the line of every key.

The file is composed into nodes (PyYAML), which are then expanded here: anchors, aliases and merge keys work,
each alias becomes a separate copy, and a duplicate key is an error. The number of expanded nodes and the
nesting are limited, so that a YAML bomb is one short message. Scalars follow YAML 1.2's core schema: `5e-5`
is a number, `no` and `1:30` are text.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

import yaml

from lab.errors import InputError

Path = tuple[str | int, ...]
"""The place of a value: mapping keys and list indices from the root."""

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
MAX_DEPTH = 50
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that a YAML text must not contain unescaped."""


@dataclass
class YamlSource:
    """Plain data with the origin of every key and list item ("file:line" or an argument)."""

    name: str
    data: Any
    places: dict[Path, str] = field(default_factory=dict)

    def where(self, path: Path) -> str:
        """The place of the longest known prefix of `path`; the file itself if none is known."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return self.places.get((), self.name)

    def forget(self, path: Path) -> None:
        """Forgets the places at and below `path`, whose value will be replaced."""
        self.places = {p: w for p, w in self.places.items() if p[: len(path)] != path}


def read(path: File) -> YamlSource:
    """The YAML file at `path`. Raises InputError if it is missing, unreadable or not valid YAML."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind != stat.S_IFREG:
            what = "a folder" if kind == stat.S_IFDIR else "a pipe or a device"
            raise InputError(f"expected a recipe (a YAML file), found {what}", where=str(path))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"there is no such file.{_neighbours(path)}", where=str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', error)}", where=str(path)) from None
    if len(data) > MAX_BYTES:
        raise InputError(
            f"the file is larger than {MAX_BYTES:,} bytes, so it cannot be a recipe", where=str(path)
        )
    return parse(_decoded(data, str(path)), str(path))


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"not UTF-8 text (byte {data[error.start]:#04x})", where=f"{name}:{line}") from None


def parse(text: str, name: str) -> YamlSource:
    """A YAML `text` as a source; `name` is used in messages."""
    if bad := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise InputError(_unprintable(bad.group()), where=f"{name}:{line}")
    try:
        _check_depth(text, name)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise InputError(_syntax(error), where=_at(name, error.problem_mark)) from None
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {' '.join(str(error).split())}", where=name) from None
    source = YamlSource(name, None)
    if root is not None:
        source.data = _Expander(source).value(root, ())
    return source


def scalar(text: str, where: str) -> Any:
    """A command-line value: a YAML scalar or flow collection (`8`, `null`, `[1, 2]`, `{kind: greedy}`).

    There are no comments on a command line: in plain text a "#" is a "#".
    """
    plain = text.strip()
    try:
        data = parse(text, where).data
        return plain if re.search(r"(^|\s)#", plain) and plain[0] not in "[{\"'" else data
    except InputError as error:
        raise InputError(error.message, where=where) from None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """SafeLoader with the scalar rules of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


_RULES = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^[-+]?(?:(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.inf|\.Inf|\.INF|\.nan|\.NaN)$",
        "-+.0123456789",
    ),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^(?:<<)$", "<"),
)
_PATTERNS = {tag: re.compile(pattern) for tag, pattern, _ in _RULES}
_WORDS = {"bool": "true or false", "int": "a whole number", "float": "a number", "null": "nothing (null)"}
"""The format of a value with an explicit tag, in words."""
for _tag, _, _first in _RULES:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _PATTERNS[_tag], list(_first))


@dataclass
class _Expander:
    """Converts nodes into data and records places in `source`."""

    source: YamlSource
    nodes: int = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The data of a node at `path`. Raises InputError if aliases expand beyond the limits."""
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            why = "an anchor contains itself or is repeated too often"
            self._fail(node, f"the YAML aliases expand to too many values: {why}")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(child, (*path, i)) for i, child in enumerate(node.value)]
        return self._scalar(node)

    def _item(self, node: yaml.Node, path: Path) -> Any:
        self.source.places[path] = _at(self.source.name, node.start_mark)
        return self.value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        lines: dict[str, str] = {}
        for key, child in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                self._fail(key, "expected a plain word as key, found a list or a mapping")
            if key.value in lines:
                first = lines[key.value].rsplit(":", 1)[-1]
                self._fail(key, f"{dotted((*path, key.value))}: this key was already used on line {first}")
            lines[key.value] = self.source.places[(*path, key.value)] = _at(self.source.name, key.start_mark)
            out[key.value] = self.value(child, (*path, key.value))
        for key, child in self._merged(node):
            if key.value not in out:
                self.source.places[(*path, key.value)] = _at(self.source.name, key.start_mark)
                out[key.value] = self.value(child, (*path, key.value))
        return out

    def _merged(self, node: yaml.MappingNode, depth: int = 0) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """The pairs of `<<`, nearest first; what is merged may itself merge."""
        for key, child in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            for other in child.value if isinstance(child, yaml.SequenceNode) else [child]:
                self.nodes += 1
                if depth > MAX_DEPTH or self.nodes > MAX_NODES:
                    self._fail(
                        key,
                        "the YAML merge keys (`<<`) expand to too many values: an anchor contains itself",
                    )
                if not isinstance(other, yaml.MappingNode):
                    self._fail(key, "`<<` expects a mapping or a list of mappings")
                yield from (p for p in other.value if p[0].tag != "tag:yaml.org,2002:merge")
                yield from self._merged(other, depth + 1)

    def _scalar(self, node: yaml.Node) -> Any:
        text = str(node.value)
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        if tag in _WORDS and not _PATTERNS[tag].match(text):
            self._fail(node, f"`!!{tag}` expects {_WORDS[tag]}, found {text[:60]!r}")
        match tag:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return _integer(text) if len(text) < 1000 else text
            case "float":
                special = text.lower().lstrip("+-").startswith(".") and not text.lstrip("+-")[1:2].isdigit()
                return float(text.replace("." if special else "_", ""))
            case "str" | "merge":
                return text
        self._fail(node, f"the YAML tag {node.tag!r} is not supported; write a plain value")

    def _fail(self, node: yaml.Node, message: str) -> Any:
        raise InputError(message, where=_at(self.source.name, node.start_mark))


def dotted(path: Path) -> str:
    """`stages.before.tasks[0].limit`"""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def _integer(text: str) -> int:
    plain = text.replace("_", "")
    base = {"0x": 16, "0o": 8}.get(plain.lstrip("+-")[:2], 10)
    return int(plain, base)


def _unprintable(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "not UTF-8 text"
    return f"YAML does not allow the character U+{ord(character):04X}; write it as an escape in double quotes"


def _at(name: str, mark: Any) -> str:
    return name if mark is None else f"{name}:{mark.line + 1}"


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join((error.problem or "").split())
    if "cannot start any token" in problem and "\\t" in problem:
        problem = "a tab; YAML allows only spaces for indentation"
    context = f" ({' '.join(error.context.split())})" if error.context else ""
    return f"not valid YAML: {problem}{context}"


def _check_depth(text: str, name: str) -> None:
    """Refuses deep nesting before composing, which is recursive."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InputError(f"nested more than {MAX_DEPTH} levels deep", where=_at(name, event.start_mark))


def _neighbours(path: File) -> str:
    """Recipes in the folder of a missing file, nearest name first."""
    from lab.errors import nearest

    folder = path.parent
    found = [p.name for p in sorted(folder.glob("*.y*ml"))][:20] if folder.is_dir() else []
    return nearest(path.name, found) if found else ""
