"""The field names of configuration classes of TRL and transformers.

They are read from the installed source: importing TRL takes seconds, and checking a recipe must be fast.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

_FILES = {"trl": "trainer/*_config.py", "transformers": "training_args*.py"}
"""Package -> the files of its configuration classes."""
_ROOT = "transformers.TrainingArguments"


def field_names(config: str) -> frozenset[str]:
    """The fields of a configuration class ("trl.SFTConfig") that can be set, including inherited ones."""
    package, _, name = config.rpartition(".")
    return _read(name) if package in _FILES else imported_field_names(config)


def imported_field_names(config: str) -> frozenset[str]:
    """The same, from the class itself, which is imported."""
    from dataclasses import fields

    module, _, name = config.rpartition(".")
    return frozenset(f.name for f in fields(getattr(import_module(module), name)) if f.init)


@cache
def configs() -> tuple[str, ...]:
    """Every configuration class of a trainer of TRL or transformers, sorted."""
    found = [f"{package}.{name}" for name, (package, _) in _classes().items() if not name.startswith("_")]
    return tuple(sorted(config for config in found if _is_config(config.rpartition(".")[2])))


def _is_config(name: str) -> bool:
    """Whether a class is, or inherits from, TrainingArguments."""
    return f"{_package(name)}.{name}" == _ROOT or any(map(_is_config, _bases(name)))


@cache
def _read(name: str) -> frozenset[str]:
    inherited = [_read(base) for base in _bases(name)]
    return frozenset(_own(_classes()[name][1])).union(*inherited)


def _own(node: ast.ClassDef) -> Iterator[str]:
    """The annotated names of a dataclass that are arguments of its constructor."""
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and not _hidden(item.value):
            yield item.target.id


def _hidden(value: ast.expr | None) -> bool:
    """Whether a field is declared with init=False."""
    given = value.keywords if isinstance(value, ast.Call) else []
    return any(k.arg == "init" and isinstance(k.value, ast.Constant) and not k.value.value for k in given)


def _bases(name: str) -> list[str]:
    """The base classes that are among the known classes."""
    found = [base.id for base in _classes()[name][1].bases if isinstance(base, ast.Name)]
    return [base for base in found if base in _classes()]


def _package(name: str) -> str:
    return _classes()[name][0]


@cache
def _classes() -> dict[str, tuple[str, ast.ClassDef]]:
    """Class name -> its package and its source."""
    return {
        node.name: (package, node)
        for package, pattern in _FILES.items()
        for path in sorted(_folder(package).glob(pattern))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None, f"{package} is a dependency of the lab"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])
