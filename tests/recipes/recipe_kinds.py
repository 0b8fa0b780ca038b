"""The kinds of components that a recipe names."""

from __future__ import annotations

from typing import Any

from lab.core.component import Component


def kinds_in(component: Any) -> set[str]:
    """The kinds of a component and of everything inside it."""
    if isinstance(component, Component):
        inside = [kinds_in(getattr(component, name)) for name in type(component).model_fields]
        return {str(getattr(component, "kind", ""))}.union(*inside)
    entries = component.values() if isinstance(component, dict) else component
    return set().union(*map(kinds_in, entries)) if isinstance(component, dict | list | tuple) else set()
