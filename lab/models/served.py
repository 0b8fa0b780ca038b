"""Models behind a server: their config and tokenizer if available here, never their weights.

With the config FLOPs can be counted, and with the tokenizer shared prompt prefixes can be counted in tokens.
If neither is available, the model is only a name.
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
    """A model behind a server, by the name the server uses. Downloads nothing but small files.

    A built-in name or a complete folder has a digest, as with every engine; for other models it is not known.
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
    """The FLOPs model from the config, or UNKNOWN if there is none. Never a guess."""
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
