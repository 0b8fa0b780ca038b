"""What is here of a model that a server holds: config and tokenizer where they can be had, never weights.

They let FLOPs be counted and prompts be shared by tokens. A model of which nothing is here is only a name.
"""

from __future__ import annotations

from pathlib import Path

from lab.core.flops.model import UNKNOWN, FlopsModel
from lab.core.protocols import Weights
from lab.errors import InputError, LabError
from lab.models.builtin import BUILTIN
from lab.models.digests import digest_model
from lab.models.hub import download_config
from lab.models.resolve import flops_model, is_hub_id, resolve

NOWHERE = Path("/nonexistent/model-of-a-server")
"""Stands for the folder of a model of which no file is here."""
NO_DIGEST = "not known: the model runs on a server"


def served(name: str) -> Weights:
    """A model behind a server, whatever it is called there; nothing but small files is downloaded.

    A built-in name or a whole folder gives its digest, as for every engine; else there is none to give.
    """
    folder = Path(name).expanduser()
    if name in BUILTIN:
        try:
            return resolve(name)
        except LabError:
            return Weights(name, NOWHERE, NO_DIGEST)
    if _is_folder(folder):
        whole = any(folder.glob("*.safetensors"))
        return Weights(name, folder.resolve(), digest_model(folder) if whole else NO_DIGEST)
    found = download_config(name) if is_hub_id(name) else None
    return Weights(name, found or NOWHERE, NO_DIGEST)


def flops_behind_server(weights: Weights) -> FlopsModel:
    """FLOPs from the config that is here, else UNKNOWN: never a guess."""
    if not (weights.path / "config.json").is_file():
        return UNKNOWN
    try:
        return flops_model(weights)
    except (InputError, OSError, ValueError):
        return UNKNOWN


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
