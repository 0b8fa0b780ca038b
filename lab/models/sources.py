"""Which places models can come from on this machine, for `lab doctor`."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec

from lab.models.builtin import BUILTIN

HUB = "huggingface.co"
_SECONDS = 2.0


def sources() -> dict[str, str]:
    """Source -> "ok", or what is missing. Takes at most about two seconds."""
    found = {}
    for model in BUILTIN.values():
        present = not model.package or find_spec(model.package) is not None
        found[model.name] = "ok" if present else f"package {model.package} is not installed: run `make venv`"
    return {**found, "hub": _hub()}


def _hub() -> str:
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return "off (HF_HUB_OFFLINE is set)"
    try:
        socket.create_connection((HUB, 443), timeout=_SECONDS).close()
    except OSError as error:
        return f"not reachable ({error.strerror or error})"
    return "ok"
