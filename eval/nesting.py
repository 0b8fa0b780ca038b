"""Components that hold members of the very union they belong to (an ensemble of scorers, a cascade).

Such a class writes the union's name in its annotations and imports it for type checkers only; once the
union exists, `nest` gives the name its meaning.
"""

from __future__ import annotations

import sys
from typing import Any

from lab.core.component import Component


def nest(name: str, union: Any, *components: type[Component]) -> None:
    """Make `name` stand for `union` in the modules of these components and finish their validation."""
    for component in components:
        setattr(sys.modules[component.__module__], name, union)
    for component in components:
        component.model_rebuild(force=True)
