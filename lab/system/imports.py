"""Imports that libraries make and the lab has no use for, left out or put off.

Libraries import much that few of their users need. What is imported for nothing costs every command and every
stage processor time, most of all on the first day, when Python has compiled nothing yet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import LazyLoader, find_spec, module_from_spec


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Meanwhile an import of these modules fails as if they were not installed, unless they are loaded."""
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Absent:
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse the names; None leaves every other import to the finders behind this one."""
        if name in self._names:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def spare_pandas() -> None:
    """Let pyarrow find no pandas where it only looks whether there is one.

    pyarrow imports it with its first array, only to see whether what it was given is one of pandas' own.
    Whatever asks for pandas itself (`to_pandas`, an import) still gets it.
    """
    import pyarrow as pa

    with absent("pandas"):
        pa.array([])


def put_off(*names: str) -> None:
    """Run the code of these modules (of packages that are there) only when something in them is asked for.

    To be called before the library that imports them; one that is loaded stays so. A library that says
    `import package.module` and not `from package import module` runs it at once.
    """
    for name in names:
        if name not in sys.modules:
            _put_off(name)


def _put_off(name: str) -> None:
    spec, (package, _, child) = find_spec(name), name.rpartition(".")
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    setattr(sys.modules[package], child, module)
