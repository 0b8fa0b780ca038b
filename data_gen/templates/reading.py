"""Prompt templates: text files with named sections and placeholders, which you can copy and edit.

A section begins with a line "=== name ==="; lines before the first one are comments. `{name}` in a section is
filled in, `{{` and `}}` are braces. Values are never searched for placeholders, so untrusted text cannot
change a template.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from lab.errors import InputError, nearest

FOLDER = Path(__file__).parent

Pieces = tuple[tuple[str, str | None], ...]
"""(literal text, the placeholder after it or None), in order."""


def sections(path: Path) -> Mapping[str, Pieces]:
    """The sections of a template file. Raises InputError with the file and line of a mistake."""
    try:
        return _sections(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(f"cannot read the template: {error.strerror}", where=str(path)) from None


def filled(pieces: Pieces, values: Mapping[str, str]) -> str:
    """The section's text with its placeholders filled in."""
    return "".join(literal + (values[name] if name else "") for literal, name in pieces)


def template_faults(path: Path, wanted: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What is wrong with a template for sections with these placeholders ("name?" is optional)."""
    try:
        found = sections(path)
    except InputError as error:
        yield str(error)
        return
    for name in found:
        if name not in wanted:
            yield f"{path}: unknown section '{name}'.{nearest(name, wanted)}"
    for name, placeholders in wanted.items():
        if name not in found:
            yield f"{path}: the section '=== {name} ===' is missing"
        else:
            yield from _placeholder_faults(path, name, found[name], placeholders)


def _placeholder_faults(path: Path, section: str, pieces: Pieces, wanted: tuple[str, ...]) -> Iterator[str]:
    names = {name.rstrip("?") for name in wanted}
    used = {name for _, name in pieces if name}
    for name in sorted(used - names):
        yield f"{path}: section '{section}' has no placeholder {{{name}}}.{nearest(name, names)}"
    for name in wanted:
        if not name.endswith("?") and name not in used:
            yield f"{path}: section '{section}' must contain {{{name}}}"


@lru_cache(maxsize=64)
def _sections(path: Path, changed: int) -> Mapping[str, Pieces]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text; save the file as UTF-8", where=str(path)) from None
    found: dict[str, Pieces] = {}
    parts = _HEADING.split(text)
    line = parts[0].count("\n") + 1
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise InputError(f"the section '{name}' occurs twice", where=f"{path}:{line}")
        found[name] = _pieces(body.strip(), f"{path}:{line}")
        line += body.count("\n")
    return found


def _pieces(text: str, where: str) -> Pieces:
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise InputError(f"{error}; write {{{{ for a literal brace", where=where) from None
    for _, name, form, conversion in pieces:
        if name is not None and (form or conversion or not _NAME.fullmatch(name)):
            raise InputError(
                f"only {{name}} is allowed in braces, not {{{name}}}; write {{{{ for a literal brace",
                where=where,
            )
    return tuple((literal, name) for literal, name, _, _ in pieces)


_HEADING = re.compile(r"^=== *([\w-]+) *===[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"[a-z_]+")
