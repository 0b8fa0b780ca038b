"""Checks that loading a sentence-embedding model would run no code that comes with it.

sentence-transformers builds a model from the classes that `modules.json` and `router_config.json` name, and
from the activation functions in a module's `config.json`. For a local folder it imports them from the folder
whatever `trust_remote_code` says (deprecated in its documentation, until version 6). These files are
therefore read first: only classes of sentence-transformers and torch are allowed. Weights must be
safetensors, which contain no code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST = 2**20
"""Bytes that a file of settings may have."""
_OWN = re.compile(r"sentence_transformers(?:\.[A-Za-z_]\w*)+", re.ASCII)
_ACTIVATION = re.compile(r"torch\.nn(?:\.modules)?(?:\.[A-Za-z_]\w*)+", re.ASCII)
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")


def embedding_fault(folder: Path) -> str:
    """Why the model in this folder is refused; "" if it has only known classes and safetensors."""
    for file, name in named(folder):
        known = _ACTIVATION if name.startswith("torch.") else _OWN
        if not known.fullmatch(name):
            return (
                f"{file.relative_to(folder)} of '{folder}' uses the class '{name[:80]}', which is not "
                "part of sentence-transformers. Loading it would run code that comes with the model. "
                "Use a model made only of sentence-transformers classes"
            )
    pickled = [p for pattern in _PICKLED for p in sorted(folder.rglob(pattern))]
    if pickled and not any(folder.rglob("*.safetensors")):
        return (
            f"'{folder}' has pickled weights ({pickled[0].name}), which can run code when loaded: "
            "save them as safetensors"
        )
    return ""


def named(folder: Path) -> Iterator[tuple[Path, str]]:
    """(file, class) for every class that the model's settings would import."""
    modules = _read(folder / "modules.json")
    for module in modules if isinstance(modules, list) else []:
        yield folder / "modules.json", str(module.get("type", "") if isinstance(module, dict) else module)
    for file in sorted([*folder.rglob("router_config.json"), *folder.rglob("config.json")]):
        settings = _read(file)
        if not isinstance(settings, dict):
            continue
        types = settings.get("types")
        for name in types.values() if isinstance(types, dict) else ():
            yield file, str(name)
        if file.parent != folder and isinstance(settings.get("activation_function"), str):
            yield file, settings["activation_function"]


def _read(file: Path) -> Any:
    """A settings file as data; None if there is none, or if it cannot be read."""
    try:
        return json.loads(file.read_bytes()) if file.stat().st_size <= LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None
