"""Resolves the name after `model:` to weights on disk.

A built-in name comes from the cache of converted models; a folder must contain a complete model; `org/name`
is a Hub id. In every case the result is a folder with config, tokenizer and safetensors, and a digest of
exactly these files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.core.flops.model import FlopsModel
from lab.core.flops.reading import read_flops
from lab.core.protocols import Weights
from lab.errors import InputError, nearest
from lab.models.builtin import BUILTIN
from lab.models.cache import converted, entry_of
from lab.models.digests import digest_model, require_model
from lab.models.hub import download
from lab.system.files import read_json


def resolve(name: str, *, cache: Path | None = None) -> Weights:
    """The weights of a built-in name, a folder or a Hub id. `cache` replaces `cache_folder()`.

    Fast once the model is on disk (its digest is stored). Raises InputError if there is no such model or its
    folder is incomplete, StageError if a built-in model cannot be converted.
    """
    if name in BUILTIN:
        return Weights(name, *converted(name, cache))
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(name, _model_in(folder.resolve()))
    if is_hub_id(name):
        return _checked(name, download(name))
    hint = nearest(name, BUILTIN)
    raise InputError(f"model '{name}' is not a built-in name, a folder or a Hub id (org/name).{hint}")


def is_hub_id(name: str) -> bool:
    """Whether the name has the form `org/name`."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~")) and not name.endswith("/")


def config_of(name: str) -> dict[str, Any] | None:
    """The config.json of a model that is already on this machine, else None. Fast; loads no weights."""
    folder = entry_of(name) if name in BUILTIN else _model_in(Path(name).expanduser())
    try:
        return dict(read_json(folder / "config.json"))
    except (OSError, ValueError):
        return None


def flops_model(weights: Weights) -> FlopsModel:
    """The FLOPs model of the weights, from their config.json. Raises InputError if a dimension is missing."""
    return read_flops(read_json(weights.path / "config.json"))


def _model_in(folder: Path) -> Path:
    """The folder itself, or its `model` folder if a train stage wrote it."""
    inside = folder / "model"
    return inside if (inside / "config.json").is_file() and not (folder / "config.json").exists() else folder


def _checked(name: str, folder: Path) -> Weights:
    require_model(folder, name)
    return Weights(name, folder, digest_model(folder))
