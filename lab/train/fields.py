"""The names a trainer's config class accepts, read from the installed source without importing it.

Importing trl takes seconds and loads torch; `lab check` may do neither. The classes are dataclasses, so
their fields are the annotated names of their bodies.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_BASES = (("trl", "trainer/base_config.py"), ("transformers", "training_args.py"))


@cache
def config_fields(module: str) -> frozenset[str]:
    """Field names of the config class in `trl/trainer/<module>.py` and its bases; empty without trl."""
    files = (("trl", f"trainer/{module}.py"), *_BASES)
    return frozenset(name for package, path in files for name in _annotated(package, path))


def _annotated(package: str, path: str) -> list[str]:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return []
    tree = ast.parse((Path(spec.submodule_search_locations[0]) / path).read_text(encoding="utf-8"))
    bodies = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    names = [s.target.id for body in bodies for s in body if _is_field(s)]  # type: ignore[attr-defined]
    return [name for name in names if not name.startswith("_")]


def _is_field(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
