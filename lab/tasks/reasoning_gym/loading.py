"""Imports one generator of reasoning_gym without the hundred others and their dependencies (sympy, numpy,
...).

The package imports all of its generators, which takes seconds. So bare packages for its folders stand in for
it while one generator's module is imported and used. Afterwards the modules are set aside, and a later import
of the package loads all of it.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "reasoning_gym"
_NAME = re.compile(r'^DATASET_NAME = "(\w+)"$', flags=re.MULTILINE)
_aside: dict[str, ModuleType] = {}
"""What was loaded apart from the package."""


@contextmanager
def factory_with(name: str) -> Iterator[Any]:
    """The package's factory module, in which generator `name` is registered.

    All generators are registered if no module defines this one, or if the package is already imported.
    """
    place = modules().get(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of packages that some import
        if place is None or PACKAGE in sys.modules:
            yield import_module(f"{PACKAGE}.factory")
            return
        sys.modules.update(_aside or {PACKAGE: _folder(PACKAGE)})
        try:
            sys.modules.setdefault(group := ".".join(place.split(".")[:2]), _folder(group))
            import_module(f"{PACKAGE}.coaching")  # it and the factory import each other: this end first
            import_module(place)
            yield sys.modules[f"{PACKAGE}.factory"]
        finally:
            for loaded in [key for key in sys.modules if f"{key}.".startswith(f"{PACKAGE}.")]:
                _aside[loaded] = sys.modules.pop(loaded)


@cache
def modules() -> dict[str, str]:
    """{generator: its module}, read from the package's files; nothing is imported."""
    found: dict[str, str] = {}
    for root in _roots():
        for file in root.glob("*/**/*.py"):
            names = _NAME.findall(file.read_text(encoding="utf-8"))
            if len(names) == 1:
                found[names[0]] = ".".join((PACKAGE, *file.relative_to(root).with_suffix("").parts))
    return found


@cache
def _roots() -> list[Path]:
    spec = find_spec(PACKAGE)
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def _folder(name: str) -> ModuleType:
    """A package without its `__init__`, only to import from."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    folders = [str(root.joinpath(*name.split(".")[1:])) for root in _roots()]
    module.__path__ = module.__spec__.submodule_search_locations = folders
    return module
