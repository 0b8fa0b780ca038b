"""The docstrings under the fields of a model, read from its source when they are shown.

Python does not keep these strings, so each file is parsed once. A class without a source has none.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

from pydantic import BaseModel


def field_doc(model: type[BaseModel], name: str) -> str:
    """The docstring of a field in the class, or in the nearest base with that field, on one line; "" if there
    is none.
    """
    for cls in model.__mro__:
        if name in cls.__dict__.get("__annotations__", {}):
            source = getattr(sys.modules.get(cls.__module__), "__file__", None)
            return _docs(source).get((cls.__name__, name), "") if source else ""
    return ""


@cache
def class_docs(source: str) -> dict[str, str]:
    """Class -> its docstring, for the classes of one file, without importing it."""
    return {node.name: ast.get_docstring(node) or "" for node in _classes(source)}


@cache
def _docs(source: str) -> dict[tuple[str, str], str]:
    """(class, field) -> the string under the field."""
    found = {}
    for node in _classes(source):
        for field, below in zip(node.body, node.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                match below:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        found[node.name, field.target.id] = " ".join(text.split())
    return found


@cache
def _classes(source: str) -> list[ast.ClassDef]:
    try:
        tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]
