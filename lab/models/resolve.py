"""From what a person writes after `model:` to weights on disk.

A built-in name is converted once into a cache and checked by its recorded digest; a folder must hold a
complete model; `org/name` is a Hub id (safetensors only, never remote code). A half-written or damaged
cache entry is made again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.core.errors import InputError, StageError, nearest
from lab.core.files import write_atomic
from lab.core.flops import FlopsModel
from lab.core.protocols import Weights
from lab.models.builtin import BUILTIN
from lab.models.digests import digest_model, require_model

RECORD = "lab-model.json"
FORMAT = "1"
"""Changes when conversion changes, so that old cache entries are made again."""
_HUB_SECONDS = "10"


def cache_folder() -> Path:
    """`$LAB_CACHE`, else post-pretraining-lab in `$XDG_CACHE_HOME` or ~/.cache."""
    if own := os.environ.get("LAB_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "post-pretraining-lab"


def resolve(name: str, *, cache: Path | None = None) -> Weights:
    """The weights of a built-in name, a folder or a Hub id.

    Raises InputError when there is no such model, StageError when a built-in cannot be converted.
    """
    if name in BUILTIN:
        return _builtin(name, (cache or cache_folder()) / "models" / f"{name}-{FORMAT}")
    folder = Path(name).expanduser()
    if folder.is_dir():
        require_model(folder, name)
        return Weights(name, folder.resolve(), digest_model(folder))
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        folder = _download(name)
        require_model(folder, name)
        return Weights(name, folder, digest_model(folder))
    raise InputError(
        f"model '{name}': no such built-in name or folder, and not a Hub id (org/name)."
        + nearest(name, BUILTIN)
    )


def config_of(name: str) -> dict[str, Any] | None:
    """The config.json of a model that is on this machine already, else None; quick, loads nothing."""
    folders = [cache_folder() / "models" / f"{name}-{FORMAT}", Path(name).expanduser()]
    for folder in folders:
        try:
            return dict(json.loads((folder / "config.json").read_text()))
        except (OSError, ValueError):
            continue
    return None


def flops_model(weights: Weights) -> FlopsModel:
    """FLOPs of a model from its config.json."""
    return FlopsModel.from_config(json.loads((weights.path / "config.json").read_text()))


def _builtin(name: str, folder: Path) -> Weights:
    with _locked(folder.with_suffix(".lock")):
        digest = _recorded(folder)
        if digest is None:
            _make(name, folder)
            digest = str(_recorded(folder))
    return Weights(name, folder, digest)


def _recorded(folder: Path) -> str | None:
    """The digest of a complete cache entry; None when it is missing, half-written or damaged."""
    try:
        record = json.loads((folder / RECORD).read_text())
        return str(record["digest"]) if digest_model(folder) == record["digest"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(name: str, folder: Path) -> None:
    """Convert in a process of its own (torch stays out of this one), then move into place."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        made = Path(scratch) / "model"
        command = [sys.executable, "-m", "lab.models.convert", name, str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise StageError(f"model '{name}' could not be converted: {last}")
        write_atomic(
            made / RECORD, json.dumps({"name": name, "digest": digest_model(made, trust_times=False)})
        )
        made.rename(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time converts a model; the others wait and find it done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        raise InputError(f"cannot write the model cache: {error.strerror}", where=str(path.parent)) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _download(name: str) -> Path:
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", _HUB_SECONDS)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    wanted = ["*.safetensors", "*.json", "tokenizer*", "*.jinja", "merges.txt", "vocab.txt"]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except GatedRepoError:
        raise InputError(f"model '{name}' is gated: accept its terms on the Hub and set HF_TOKEN") from None
    except RepositoryNotFoundError:
        raise InputError(f"model '{name}' is not on the Hub.{nearest(name, BUILTIN)}") from None
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"model '{name}' is not on this machine and the Hub could not be reached ({reason[:200]}). "
            f"Built-in models need no hub: {', '.join(BUILTIN)}"
        ) from None
