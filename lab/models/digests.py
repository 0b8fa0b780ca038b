"""What a model folder must hold, and the digest that names it.

The digest is SHA-256 over config, tokenizer and weight files. Hashing hundreds of megabytes takes a
while, so it is kept beside the files (or, where that folder is read-only, not at all) together with
their sizes and times, and computed again when those change.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from lab.core.errors import InputError
from lab.core.files import digest_file, digest_of, write_atomic

SIDECAR = ".lab-digest.json"
_PATTERNS = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
)
_MORE = ("chat_template.jinja", "vocab.json", "merges.txt", "generation_config.json")


def require_model(folder: Path, where: str) -> None:
    """Raise InputError naming what a model folder lacks."""
    if not (folder / "config.json").is_file():
        raise InputError(
            "no config.json in this folder: not a model as save_pretrained leaves it", where=where
        )
    if not list(folder.glob("*.safetensors")):
        other = (
            " (pickled weights are not loaded: save them as safetensors)"
            if list(folder.glob("*.bin"))
            else ""
        )
        raise InputError(f"no *.safetensors weights in this folder{other}", where=where)
    if not list(folder.glob("tokenizer*")):
        raise InputError("no tokenizer in this folder: save it beside the model", where=where)


def model_files(folder: Path) -> list[Path]:
    """The files that make a model what it is, sorted by name."""
    return sorted({p for pattern in (*_PATTERNS, *_MORE) for p in folder.glob(pattern) if p.is_file()})


def digest_model(folder: Path, *, trust_times: bool = True) -> str:
    """SHA-256 of a model folder; `trust_times` False hashes every byte even if a fresh sidecar is there."""
    state = {p.name: [p.stat().st_size, p.stat().st_mtime_ns] for p in model_files(folder)}
    sidecar = folder / SIDECAR
    if trust_times and (known := _read(sidecar)) and known.get("state") == state:
        return str(known["digest"])
    digest = digest_of({p.name: digest_file(p) for p in model_files(folder)})
    with contextlib.suppress(OSError):
        write_atomic(sidecar, json.dumps({"state": state, "digest": digest}))
    return digest


def _read(path: Path) -> dict[str, object]:
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) and "digest" in data else {}
