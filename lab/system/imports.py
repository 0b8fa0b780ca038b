"""Prevents or delays imports by libraries that the lab does not need.

Libraries import many modules that few of their users need. Unnecessary imports cost every command and every
stage processor time, most of all on the first day, when Python has compiled nothing yet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import LazyLoader, find_spec, module_from_spec


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Within this block an import of these modules fails as if they were not installed, unless they are
    loaded.
    """
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
        """Refuses the names; None leaves all other imports to the other finders."""
        if name in self._names:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def spare_pandas() -> None:
    """Prevents pyarrow from importing pandas only to test for it.

    pyarrow imports pandas with its first array, to test whether its input is a pandas object. Code that needs
    pandas itself (`to_pandas`, an import) still gets it.
    """
    import pyarrow as pa

    with absent("pandas"):
        pa.array([])


def put_off(*names: str) -> None:
    """Delays the execution of these modules (of installed packages) until one of their attributes is used.

    To be called before the library that imports them is imported; a loaded module is not affected. A library
    that says `import package.module` and not `from package import module` executes it at once.
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
