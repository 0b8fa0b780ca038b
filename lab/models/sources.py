"""Lists the places that models can come from on this machine, for `lab doctor`."""

from __future__ import annotations

from importlib.util import find_spec

from lab.models.builtin import BUILTIN
from lab.models.hub import hub_status


def sources() -> dict[str, str]:
    """{source: "ok" or what is missing}. Takes at most about two seconds."""
    found = {}
    for model in BUILTIN.values():
        present = not model.package or find_spec(model.package) is not None
        found[model.name] = "ok" if present else f"package {model.package} is not installed: run `make venv`"
    return {**found, "hub": hub_status()}
